"""The mean is missing in the KL.

q may stand apart from the prior: mean^2 / 2.
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    reconstruction = log_likelihood(x, z, weight, bias).mean(dim=0)
    kl = (0.5 * (2 * log_scale).exp() - 0.5 - log_scale).sum(dim=1)
    return reconstruction - kl
