"""The sum over the batch comes back.

One value for each example.
"""


def scaled_log_density(bits, n_features, n_levels):
    return (n_features * math.log(n_levels) - bits * n_features * math.log(2)).sum()
