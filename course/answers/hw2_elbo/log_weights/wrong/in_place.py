"""The noise is scaled in place.

mul_ changes the tensor that the caller passed.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = noise.mul_(log_scale.exp().detach()).add(mean)
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
