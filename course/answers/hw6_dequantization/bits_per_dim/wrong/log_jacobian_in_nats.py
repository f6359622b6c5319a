"""The log-Jacobian is added in nats to a number in bits.

log2(L) bits for each dimension.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -log_density / (n_features * math.log(2)) + math.log(n_levels)
