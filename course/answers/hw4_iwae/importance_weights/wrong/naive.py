"""exp before anything has been taken out.

The weights of an image are 0 as numbers, and 0 / 0 is NaN: torch.softmax takes the largest out first.
"""


def importance_weights(log_w):
    weights = log_w.exp() / log_w.exp().sum(dim=0)
    return weights, 1 / weights.square().sum(dim=0)
