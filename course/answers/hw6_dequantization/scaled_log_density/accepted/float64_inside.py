"""Computed in float64, and cast back."""


def scaled_log_density(bits, n_features, n_levels):
    wide = bits.to(torch.float64) * n_features
    return (math.log(n_levels) * n_features - math.log(2) * wide).to(bits.dtype)
