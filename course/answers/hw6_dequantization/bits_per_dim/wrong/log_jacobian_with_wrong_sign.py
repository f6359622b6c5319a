"""The log-Jacobian has the wrong sign.

Spread over L times the width, a density is L times lower: - D ln L.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density + n_features * math.log(n_levels)) / (n_features * math.log(2))
