"""The noise that was passed is not used.

Draw only when noise is None.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + log_scale.exp() * noise
