"""Bits are taken for nats.

One bit is ln 2 = 0.69 nats.
"""


def scaled_log_density(bits, n_features, n_levels):
    return -bits * n_features + n_features * math.log(n_levels)
