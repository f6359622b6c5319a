"""The log-density is changed in place: the caller's tensor as well.

Operators like -= write into the tensor itself.
"""


def bits_per_dim(log_density, n_features, n_levels):
    log_density -= n_features * math.log(n_levels)
    return -log_density / (n_features * math.log(2))
