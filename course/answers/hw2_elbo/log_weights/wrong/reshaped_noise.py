"""A reshape mixes the axes of samples and examples.

reshape does not move axes. The noise already has the samples first: no reshape is needed.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    k, n, l = noise.shape
    z = (mean[:, None] + log_scale.exp()[:, None] * noise.reshape(n, k, l)).reshape(k, n, l)
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
