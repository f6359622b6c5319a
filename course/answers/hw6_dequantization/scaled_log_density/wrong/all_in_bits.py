"""The whole is in bits.

Nats: multiply by ln 2.
"""


def scaled_log_density(bits, n_features, n_levels):
    return n_features * math.log2(n_levels) - bits * n_features
