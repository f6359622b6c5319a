"""The factor 1/2 is missing.

The Gaussian's exponent has a 1/2, and with ln of the scale it stays before the squares.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    return (prior_log_scale - log_scale + (variance + distance) / prior_variance - 1).sum(dim=1)
