"""The constant -1/2 is missing.

KL(p || p) must be 0.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    return (prior_log_scale - log_scale + 0.5 * (variance + distance) / prior_variance).sum(dim=1)
