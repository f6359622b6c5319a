"""The effective sample size comes first.

The weights first, then the effective sample size.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return 1 / weights.square().sum(dim=0), weights
