"""The density of y first: its factor L^-D as a tensor of logarithms."""


def bits_per_dim(log_density, n_features, n_levels):
    log_jacobian = -torch.full((n_features,), float(n_levels), dtype=log_density.dtype).log().sum()
    return -(log_density + log_jacobian) / torch.tensor(2.0, dtype=log_density.dtype).log() / n_features
