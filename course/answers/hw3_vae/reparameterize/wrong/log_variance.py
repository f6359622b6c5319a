"""log_scale is taken for a log-variance.

Here it is ln sigma, so that sigma = exp(log_scale). The factor 1/2 belongs to ln sigma^2.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + (0.5 * log_scale).exp() * noise
