"""All samples of an image share the same noise.

Then K samples are one. Draw a number for each entry of the result.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(*mean.shape, dtype=mean.dtype).expand(n_samples, *mean.shape)
    return mean + log_scale.exp() * noise
