"""ln p(v) stays in nats beside a log-Jacobian in bits.

Divide both by ln 2.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -log_density / n_features + math.log2(n_levels)
