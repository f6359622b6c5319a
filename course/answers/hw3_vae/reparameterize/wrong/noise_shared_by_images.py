"""All images share the noise of a sample.

Draw a number for each entry of the result: torch.randn(n_samples, n, l).
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, 1, mean.shape[1], dtype=mean.dtype)
    return mean + log_scale.exp() * noise
