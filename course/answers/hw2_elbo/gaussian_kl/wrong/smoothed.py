"""A small number is added to the variance.

It changes the KL of a narrow q. The logarithm is given to you: nothing needs protection.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    return (0.5 * (prior_variance / (variance + 1e-6)).log() + 0.5 * (variance + distance) / prior_variance - 0.5).sum(dim=1)
