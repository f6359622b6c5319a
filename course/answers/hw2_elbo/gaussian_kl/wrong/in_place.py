"""The mean is shifted in place.

-= changes the tensor that the caller passed.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    mean -= prior_mean
    distance = mean.square()
    return (prior_log_scale - log_scale + 0.5 * (variance + distance) / prior_variance - 0.5).sum(dim=1)
