"""One effective sample size for all examples together.

Each example has its own.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return weights, 1 / weights.square().sum()
