"""The reconstruction is a cross-entropy, with its sign turned, less the KL.

ln p(x|z) is at most 0: do not mix the signs of a loss and of a bound.
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    reconstruction = log_likelihood(x, z, weight, bias).mean(dim=0)
    kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
    return -reconstruction - kl
