"""The weights are normalized over the examples.

They sum to 1 over the samples of each example: the first dimension.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=1)
    return weights, 1 / weights.square().sum(dim=0)
