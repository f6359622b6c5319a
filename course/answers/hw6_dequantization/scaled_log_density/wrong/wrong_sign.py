"""The whole has the wrong sign.

Solve the formula for ln p(v): fewer bits, higher density.
"""


def scaled_log_density(bits, n_features, n_levels):
    return bits * n_features * math.log(2) - n_features * math.log(n_levels)
