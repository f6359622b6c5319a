"""z is the mean of q.

That is one point, not a sample: the noise has been forgotten.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean.expand_as(noise)
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
