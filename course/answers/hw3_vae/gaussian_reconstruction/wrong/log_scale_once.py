"""ln sigma counts once instead of once for each pixel.

A shared sigma is the sigma of each pixel: d ln sigma.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(0.5 * whitened.square() + 0.5 * math.log(2 * math.pi)).sum(dim=-1) - log_scale.sum()
