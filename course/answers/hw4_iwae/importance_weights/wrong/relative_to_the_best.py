"""The weights are relative to the largest one.

They are to sum to 1 over the samples.
"""


def importance_weights(log_w):
    weights = (log_w - log_w.max(dim=0).values).exp()
    return weights, weights.sum(dim=0).square() / weights.square().sum(dim=0)
