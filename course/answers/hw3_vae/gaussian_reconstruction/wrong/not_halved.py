"""The half of the squared error is missing.

(x - m)^2 / (2 sigma^2).
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
