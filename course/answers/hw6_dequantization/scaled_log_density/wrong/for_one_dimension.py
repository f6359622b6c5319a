"""The log-density of one dimension comes back.

ln p(v) is of all D features together.
"""


def scaled_log_density(bits, n_features, n_levels):
    return math.log(n_levels) - bits * math.log(2)
