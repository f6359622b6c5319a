"""ln L is counted once, and not for each feature.

D ln L.
"""


def scaled_log_density(bits, n_features, n_levels):
    return -bits * n_features * math.log(2) + math.log(n_levels)
