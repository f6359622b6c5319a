"""One largest value is taken out for all examples together.

Examples lie on very different levels: each needs its own.
"""


def importance_weights(log_w):
    raw = (log_w - log_w.max()).exp()
    weights = raw / raw.sum(dim=0)
    return weights, 1 / weights.square().sum(dim=0)
