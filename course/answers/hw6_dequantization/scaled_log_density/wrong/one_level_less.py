"""The data are taken to be divided by L - 1.

Data on L levels with noise go from 0 to L: divided by L.
"""


def scaled_log_density(bits, n_features, n_levels):
    return n_features * math.log(n_levels - 1) - bits * n_features * math.log(2)
