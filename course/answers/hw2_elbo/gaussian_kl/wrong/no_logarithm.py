"""The logarithm of the scales is missing.

Without it nothing keeps q from becoming a point.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    return (0.5 * (variance + distance) / prior_variance - 0.5).sum(dim=1)
