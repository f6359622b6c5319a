"""The squares are averaged, not summed.

1 / (sum of squares): with equal weights that is K.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return weights, 1 / weights.square().mean(dim=0)
