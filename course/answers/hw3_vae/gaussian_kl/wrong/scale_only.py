"""The mean is not charged.

A q that lies elsewhere than the prior costs half the square of the distance.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() - 1) - log_scale).sum(dim=-1)
