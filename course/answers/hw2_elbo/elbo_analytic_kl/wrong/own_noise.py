"""Fresh noise is drawn, and the given one ignored.

Use the noise that you are given.
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * torch.randn(noise.shape, generator=torch.Generator().manual_seed(0), dtype=noise.dtype)
    reconstruction = log_likelihood(x, z, weight, bias).mean(dim=0)
    kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
    return reconstruction - kl
