"""One example at a time, in plain numbers."""


def bits_per_dim(log_density, n_features, n_levels):
    values = [(n_features * math.log(n_levels) - value) / n_features / math.log(2) for value in log_density.tolist()]
    return torch.tensor(values, dtype=log_density.dtype)
