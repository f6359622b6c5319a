"""The scale is written into the argument.

exp_() changes log_scale itself, and so what the caller passed.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    with torch.no_grad():
        log_scale.exp_()
    return mean + log_scale * noise
