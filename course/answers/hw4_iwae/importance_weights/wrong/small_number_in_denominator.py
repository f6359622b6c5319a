"""A small number is added to the sum, against a division by 0.

Then the weights do not sum to 1, and those of an image vanish. Take the largest out instead.
"""


def importance_weights(log_w):
    weights = log_w.exp() / (log_w.exp().sum(dim=0) + 1e-10)
    return weights, 1 / weights.square().sum(dim=0)
