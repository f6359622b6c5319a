"""The constant (1/2) ln 2 pi is missing.

Each pixel has it.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(0.5 * whitened.square() + log_scale).sum(dim=-1)
