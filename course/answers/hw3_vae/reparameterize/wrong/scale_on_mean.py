"""Mean and noise are both scaled.

The mean is a place, and is not scaled: z = mean + scale * noise.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return (mean + noise) * log_scale.exp()
