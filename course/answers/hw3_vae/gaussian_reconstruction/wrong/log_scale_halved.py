"""ln sigma is halved with the rest.

(1/2) ln sigma^2 is ln sigma: the half is used up.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -0.5 * (whitened.square() + log_scale + math.log(2 * math.pi)).sum(dim=-1)
