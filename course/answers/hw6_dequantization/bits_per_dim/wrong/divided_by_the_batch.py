"""The number of examples stands for the number of features.

D is n_features; the batch has nothing to do with it.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - n_features * math.log(n_levels)) / (len(log_density) * math.log(2))
