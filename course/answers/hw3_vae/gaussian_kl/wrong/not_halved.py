"""The half is missing.

The half stands before sigma^2 + mean^2 - 1.
"""


def gaussian_kl(mean, log_scale):
    return ((2 * log_scale).exp() + mean.square() - 1 - log_scale).sum(dim=-1)
