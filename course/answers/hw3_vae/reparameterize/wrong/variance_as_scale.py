"""The noise is multiplied by the variance.

A standard normal times sigma has the standard deviation sigma: not sigma squared.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + (2 * log_scale).exp() * noise
