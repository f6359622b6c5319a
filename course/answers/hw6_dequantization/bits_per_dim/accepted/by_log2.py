"""log2(L) less the bits of the density for one dimension."""


def bits_per_dim(log_density, n_features, n_levels):
    return math.log2(n_levels) - log_density / math.log(2) / n_features
