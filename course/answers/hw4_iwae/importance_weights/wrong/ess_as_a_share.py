"""The effective sample size is divided by K.

It is a number of samples: K where all weights are equal.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return weights, 1 / weights.square().sum(dim=0) / len(log_w)
