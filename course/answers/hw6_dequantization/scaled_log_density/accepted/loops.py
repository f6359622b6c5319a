"""One example at a time, in plain numbers."""


def scaled_log_density(bits, n_features, n_levels):
    values = [n_features * (math.log(n_levels) - value * math.log(2)) for value in bits.tolist()]
    return torch.tensor(values, dtype=bits.dtype)
