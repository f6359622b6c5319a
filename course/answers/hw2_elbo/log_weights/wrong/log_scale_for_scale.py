"""log_scale multiplies the noise as it is.

It is a logarithm: the scale is exp(log_scale).
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
