"""ln q is added.

The weight divides by q: ln p(x, z) - ln q(z|x).
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint + log_normal(z, mean, log_scale)
