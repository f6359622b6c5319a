"""The squared error is divided by sigma, not by its square.

Divide by sigma before you square, or by sigma^2 after.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(0.5 * (x - means).square() / log_scale.exp() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
