"""log_scale multiplies the noise as it is.

It is a logarithm: the scale is exp(log_scale).
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale * noise
    reconstruction = log_likelihood(x, z, weight, bias).mean(dim=0)
    kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
    return reconstruction - kl
