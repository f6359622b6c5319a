"""The noise itself is the sample.

z = mean + exp(log_scale) * noise.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
