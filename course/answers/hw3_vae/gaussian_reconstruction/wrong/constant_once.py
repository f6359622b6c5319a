"""The constant counts once instead of once for each pixel.

It belongs to each pixel's density: d times.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(0.5 * whitened.square() + log_scale).sum(dim=-1) - 0.5 * math.log(2 * math.pi)
