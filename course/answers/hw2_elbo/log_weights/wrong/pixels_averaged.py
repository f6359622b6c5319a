"""The likelihood is averaged over the pixels.

ln p(x|z) is the sum over the pixels. Divided by their number it is no likelihood.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * noise
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias) / x.shape[1]
    return log_joint - log_normal(z, mean, log_scale)
