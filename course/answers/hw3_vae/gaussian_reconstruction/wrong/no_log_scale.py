"""ln sigma is missing.

Without it the best sigma is infinite.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(0.5 * whitened.square() + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
