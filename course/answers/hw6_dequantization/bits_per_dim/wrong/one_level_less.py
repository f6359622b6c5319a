"""The data are taken to be divided by L - 1.

Data on L levels with noise go from 0 to L: divided by L.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - n_features * math.log(n_levels - 1)) / (n_features * math.log(2))
