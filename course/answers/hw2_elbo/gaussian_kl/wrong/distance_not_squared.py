"""The distance of the means is not squared.

E_q[(z - prior mean)^2] = variance + (distance)^2.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).abs()
    return (prior_log_scale - log_scale + 0.5 * (variance + distance) / prior_variance - 0.5).sum(dim=1)
