"""The largest value is taken out in place: the caller's tensor is changed.

Operators like -= write into the tensor itself.
"""


def importance_weights(log_w):
    log_w -= log_w.max(dim=0).values
    weights = log_w.exp() / log_w.exp().sum(dim=0)
    return weights, 1 / weights.square().sum(dim=0)
