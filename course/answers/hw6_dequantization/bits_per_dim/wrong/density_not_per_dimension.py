"""ln p(v) is not divided by D.

It is of all features together, and the bits are for one.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -log_density / math.log(2) + math.log2(n_levels)
