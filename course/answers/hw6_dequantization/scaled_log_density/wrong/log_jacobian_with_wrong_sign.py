"""The log-Jacobian has the wrong sign.

Squeezed into a width L times smaller, a density is L times higher: + D ln L.
"""


def scaled_log_density(bits, n_features, n_levels):
    return -bits * n_features * math.log(2) - n_features * math.log(n_levels)
