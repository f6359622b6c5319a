"""There are always 256 levels.

The number of levels is an argument: the digits have 17.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - n_features * math.log(256)) / (n_features * math.log(2))
