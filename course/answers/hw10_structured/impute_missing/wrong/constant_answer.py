"""A constant is returned.

It must depend on what was observed.
"""


def impute_missing(x, weights, means, covariances):
    return x.nan_to_num(nan=0.5), x.new_zeros(len(x), len(weights))
