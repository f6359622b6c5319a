"""ln L is counted once, and not for each feature.

Each of the D features is divided by L: D ln L.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - math.log(n_levels)) / (n_features * math.log(2))
