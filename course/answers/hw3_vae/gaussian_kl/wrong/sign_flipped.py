"""The KL has its sign flipped.

A KL is never negative. It is taken off the bound later, once.
"""


def gaussian_kl(mean, log_scale):
    return -(0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1)
