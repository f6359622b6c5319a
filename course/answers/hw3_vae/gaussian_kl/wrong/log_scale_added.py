"""ln sigma has the wrong sign.

A narrow q, with a negative ln sigma, costs more: it is subtracted.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square() - 1) + log_scale).sum(dim=-1)
