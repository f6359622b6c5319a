"""log_scale is used as the scale itself.

The scale is exp(log_scale): it must be positive, and log_scale need not be.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + log_scale * noise
