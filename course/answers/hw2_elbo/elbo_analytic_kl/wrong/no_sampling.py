"""The reconstruction is taken at the mean of q.

That is one point. E_q[ln p(x|z)] is an average over q.
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean.expand_as(noise)
    reconstruction = log_likelihood(x, z, weight, bias).mean(dim=0)
    kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
    return reconstruction - kl
