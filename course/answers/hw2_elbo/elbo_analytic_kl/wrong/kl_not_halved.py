"""The KL lacks its factor 1/2.

KL = (1/2)(variance + mean^2 - 1) - log_scale.
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    reconstruction = log_likelihood(x, z, weight, bias).mean(dim=0)
    kl = ((2 * log_scale).exp() + mean.square() - 1 - 2 * log_scale).sum(dim=1)
    return reconstruction - kl
