"""The exact KL is subtracted from sampled log-weights: it counts twice.

The log-weights have ln p(z) - ln q in them already.
"""


def elbo_analytic_kl(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_w = log_likelihood(x, z, weight, bias) + log_normal(z, 0.0, 0.0) - log_normal(z, mean, log_scale)
    kl = (0.5 * (2 * log_scale).exp() + 0.5 * mean.square() - 0.5 - log_scale).sum(dim=1)
    return log_w.mean(dim=0) - kl
