"""log_scale is read as the logarithm of the variance.

It is that of the standard deviation: no factor of 1/2.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + (0.5 * log_scale).exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, 0.5 * log_scale)
