"""The densities of z are averaged over the latent dimensions.

A density of independent dimensions is a product: its logarithm is a sum.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) / z.shape[-1] + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale) / z.shape[-1]
