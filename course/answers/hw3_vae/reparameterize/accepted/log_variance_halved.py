"""The log-variance is made first, and the noise drawn in float64."""


def reparameterize(mean, log_scale, n_samples, noise=None):
    if noise is None:
        noise = torch.randn(n_samples, *mean.shape, dtype=torch.float64).to(mean.dtype)
    log_variance = 2 * log_scale
    return mean.unsqueeze(0) + torch.exp(0.5 * log_variance).unsqueeze(0) * noise
