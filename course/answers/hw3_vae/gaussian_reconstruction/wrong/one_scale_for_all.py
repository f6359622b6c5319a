"""The scales of the pixels are averaged.

Where log_scale is (d,), each pixel has its own.
"""


def gaussian_reconstruction(means, log_scale, x):
    log_scale = log_scale.mean()
    whitened = (x - means) / log_scale.exp()
    return -(0.5 * whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
