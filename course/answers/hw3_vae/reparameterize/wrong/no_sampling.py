"""The mean is returned: nothing is sampled.

z is mean plus scale times noise. Without noise the VAE is an autoencoder.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean.expand(n_samples, *mean.shape).clone()
