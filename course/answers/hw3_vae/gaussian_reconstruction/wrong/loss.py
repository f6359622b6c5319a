"""The negative is returned: a loss.

ln p(x | z) is to be large.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return (0.5 * whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
