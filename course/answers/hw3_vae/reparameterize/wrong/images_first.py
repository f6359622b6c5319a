"""The axes of samples and images are swapped.

Samples come first: (n_samples, n, l).
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return (mean + log_scale.exp() * noise).transpose(0, 1)
