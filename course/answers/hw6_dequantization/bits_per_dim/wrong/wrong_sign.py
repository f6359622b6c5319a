"""The log-probability comes back, in bits, and not the cost.

Bits are minus a log-probability: smaller is better.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return (log_density - n_features * math.log(n_levels)) / (n_features * math.log(2))
