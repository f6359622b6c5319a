"""The sum of the squares comes back, not its inverse.

The effective sample size is between 1 and K.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return weights, weights.square().sum(dim=0)
