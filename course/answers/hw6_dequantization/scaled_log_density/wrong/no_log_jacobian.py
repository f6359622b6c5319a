"""The log-Jacobian is forgotten.

The bits are of the whole numbers; the scaled data have the density ln p(v) = ln p_Y(y) + D ln L.
"""


def scaled_log_density(bits, n_features, n_levels):
    return -bits * n_features * math.log(2)
