"""Negative bits are set to 0.

A density may give a negative number: that is a warning, and it must be seen.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return (-(log_density - n_features * math.log(n_levels)) / (n_features * math.log(2))).clamp(min=0)
