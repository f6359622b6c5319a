"""The nats are multiplied by ln 2.

A bit is smaller than a nat, so there are more of them: divide by ln 2.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - n_features * math.log(n_levels)) / n_features * math.log(2)
