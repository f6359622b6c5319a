"""The logarithm of a variance is taken after it was computed.

exp(-800) is 0 as a number and its logarithm minus infinity, though log_scale was -400.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    return (0.5 * (prior_variance / variance).log() + 0.5 * (variance + distance) / prior_variance - 0.5).sum(dim=1)
