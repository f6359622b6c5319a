"""ln p(x, z) stands where ln p(x|z) should.

The prior is in the KL already.
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    reconstruction = (log_likelihood(x, z, weight, bias) + log_normal(z, 0.0, 0.0)).mean(dim=0)
    kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
    return reconstruction - kl
