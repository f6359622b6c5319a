"""All latent dimensions share the same noise.

Then z moves along one line only. Draw a number for each entry of the result.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, len(mean), 1, dtype=mean.dtype)
    return mean + log_scale.exp() * noise
