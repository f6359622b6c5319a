"""The density comes back, and not its logarithm.

No exp: for images it is larger than any number of the computer.
"""


def scaled_log_density(bits, n_features, n_levels):
    return (n_features * math.log(n_levels) - bits * n_features * math.log(2)).exp()
