"""The noise is multiplied by the variance.

z = mean + s * noise, s the standard deviation.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + (2 * log_scale).exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
