"""The mean over the batch comes back.

One value for each example.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return (-(log_density - n_features * math.log(n_levels)) / (n_features * math.log(2))).mean()
