"""A reshape mixes the axes of samples and images.

means.reshape(n, k, d) does not swap axes. Broadcasting x over the first axis is enough.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = ((x[:, None] - means.reshape(len(x), -1, x.shape[1])) / log_scale.exp()).reshape(means.shape)
    return -(0.5 * whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
