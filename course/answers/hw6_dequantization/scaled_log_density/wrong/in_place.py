"""The bits are changed in place: the caller's tensor as well.

Operators like *= write into the tensor itself.
"""


def scaled_log_density(bits, n_features, n_levels):
    bits *= n_features * math.log(2)
    return n_features * math.log(n_levels) - bits
