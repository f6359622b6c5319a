"""ln q is taken as the density of the noise.

N(noise; 0, I) is not N(z; mean, scale^2): the scale's logarithm is missing.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(noise, 0.0, 0.0)
