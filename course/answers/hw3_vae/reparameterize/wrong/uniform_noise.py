"""The noise is uniform.

torch.rand is uniform between 0 and 1; torch.randn is standard normal.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.rand(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + log_scale.exp() * noise
