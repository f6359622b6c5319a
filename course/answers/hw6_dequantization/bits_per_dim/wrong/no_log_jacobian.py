"""The log-Jacobian of the division is forgotten.

p(v) is a density of the scaled data. The whole numbers are L times as wide apart in each feature: ln p_Y(y) = ln p(v) - D ln L.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -log_density / (n_features * math.log(2))
