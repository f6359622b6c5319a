"""The argument is changed in place.

Methods that end in an underscore write into what the caller passed.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square_() - 1) - log_scale).sum(dim=-1)
