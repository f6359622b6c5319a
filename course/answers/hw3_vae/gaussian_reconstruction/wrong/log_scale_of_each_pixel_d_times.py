"""The scales of all pixels are counted d times.

Where each pixel has its own, ln sigma is summed over pixels once.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(0.5 * whitened.square() + 0.5 * math.log(2 * math.pi)).sum(dim=-1) - x.shape[1] * log_scale.sum()
