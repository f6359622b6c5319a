"""Standard deviations stand where variances should.

E[(z - mean)^2] is the variance, the square of the scale.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = log_scale.exp(), prior_log_scale.exp()
    distance = (mean - prior_mean).square()
    return (prior_log_scale - log_scale + 0.5 * (variance + distance) / prior_variance - 0.5).sum(dim=1)
