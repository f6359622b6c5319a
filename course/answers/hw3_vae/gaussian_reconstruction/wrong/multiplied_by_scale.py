"""The error is multiplied by sigma.

A larger sigma forgives more: divide.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) * log_scale.exp()
    return -(0.5 * whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
