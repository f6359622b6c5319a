"""Decimal digits come back: the logarithm to the base 10.

log2, or ln divided by ln 2.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - n_features * math.log(n_levels)) / (n_features * math.log(10))
