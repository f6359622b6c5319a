"""Without noise passed, the mean is returned.

When noise is None, noise is to be drawn.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.zeros(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + log_scale.exp() * noise
