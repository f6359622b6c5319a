"""The scale is not squared.

The variance is exp(2 log_scale).
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * (log_scale.exp() + mean.square() - 1) - log_scale).sum(dim=-1)
