"""The whole has its sign turned: ln q - ln p(x, z).

The model stands above, q below. Its mean is then a bound to be made large.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_normal(z, mean, log_scale) - log_joint
