"""There are always 256 levels.

The number of levels is an argument.
"""


def scaled_log_density(bits, n_features, n_levels):
    return n_features * math.log(256) - bits * n_features * math.log(2)
