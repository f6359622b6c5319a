"""The bits have the wrong sign.

ln p_Y(y) is minus the bits, in nats.
"""


def scaled_log_density(bits, n_features, n_levels):
    return bits * n_features * math.log(2) + n_features * math.log(n_levels)
