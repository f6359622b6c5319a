"""The noise is uniform, with mean 0 and variance 1.

The mean and variance are those of the standard normal, the distribution is not: use torch.randn.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = (torch.rand(n_samples, *mean.shape, dtype=mean.dtype) - 0.5) * math.sqrt(12)
    return mean + log_scale.exp() * noise
