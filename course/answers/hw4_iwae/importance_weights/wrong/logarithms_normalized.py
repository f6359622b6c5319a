"""The logarithms are divided by their sum.

It is the weights that are divided by their sum, not their logarithms.
"""


def importance_weights(log_w):
    weights = log_w / log_w.sum(dim=0)
    return weights, 1 / weights.square().sum(dim=0)
