"""The bits are divided by ln 2.

From bits to nats there are fewer of them: multiply.
"""


def scaled_log_density(bits, n_features, n_levels):
    return -bits * n_features / math.log(2) + n_features * math.log(n_levels)
