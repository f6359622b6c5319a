"""The bits of one dimension stand for all.

ln p(v) is of all D features: multiply by D.
"""


def scaled_log_density(bits, n_features, n_levels):
    return -bits * math.log(2) + n_features * math.log(n_levels)
