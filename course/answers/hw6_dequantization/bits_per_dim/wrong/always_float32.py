"""The result is always float32.

Return the dtype that was given.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return (-(log_density - n_features * math.log(n_levels)) / (n_features * math.log(2))).float()
