"""ln p(z) is missing.

The joint is p(z) p(x|z).
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
