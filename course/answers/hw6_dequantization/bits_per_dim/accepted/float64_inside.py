"""Computed in float64, and cast back."""


def bits_per_dim(log_density, n_features, n_levels):
    wide = log_density.double() / n_features
    return ((math.log(n_levels) - wide) / math.log(2)).to(log_density.dtype)
