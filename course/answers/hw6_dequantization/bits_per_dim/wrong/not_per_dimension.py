"""The bits of the whole example come back.

Bits per dimension: divide by D.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - n_features * math.log(n_levels)) / math.log(2)
