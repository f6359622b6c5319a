"""The argument is changed in place.

Methods that end in an underscore write into what the caller passed.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = means.sub_(x) / log_scale.exp()
    return -(0.5 * whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
