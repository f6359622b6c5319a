"""The gradient with respect to log_scale is cut off.

Without it the encoder never learns how sure it may be.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + log_scale.exp().detach() * noise
