"""A seed is set inside the function.

Then every call gives the same noise. The caller sets seeds.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        torch.manual_seed(0)
        noise = torch.randn(n_samples, *mean.shape, dtype=mean.dtype)
    return mean + log_scale.exp() * noise
