"""The mean is not squared.

A mean of -3 is as far from 0 as one of 3.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean - 1) - log_scale).sum(dim=-1)
