"""The noise that is drawn is always float32, and so is the result.

Give torch.randn the dtype of mean.
"""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape)
    return (mean + log_scale.exp() * noise).to(noise.dtype)
