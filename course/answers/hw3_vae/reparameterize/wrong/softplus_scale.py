"""The scale is softplus(log_scale).

softplus is another way of making a number positive; here the number given is ln sigma, so the scale is its exp.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + torch.nn.functional.softplus(log_scale) * noise
