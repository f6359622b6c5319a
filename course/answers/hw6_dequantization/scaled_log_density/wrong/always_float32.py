"""The result is always float32.

Return the dtype that was given.
"""


def scaled_log_density(bits, n_features, n_levels):
    return (n_features * math.log(n_levels) - bits * n_features * math.log(2)).float()
