"""The log-Jacobian is in bits, the rest in nats.

D ln L, with the natural logarithm.
"""


def scaled_log_density(bits, n_features, n_levels):
    return n_features * math.log2(n_levels) - bits * n_features * math.log(2)
