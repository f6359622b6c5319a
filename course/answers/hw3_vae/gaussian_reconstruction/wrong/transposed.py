"""Images come first.

The result is (k, n): samples, then images.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(0.5 * whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1).T
