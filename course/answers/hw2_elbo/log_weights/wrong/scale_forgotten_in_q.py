"""q is given the scale 1.

ln q is that of N(mean, exp(log_scale)^2), both parameters.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, 0.0)
