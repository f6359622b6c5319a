"""The weights are normalized over samples and examples together.

The weights of different images have nothing to do with each other.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w.flatten(), dim=0).reshape(log_w.shape)
    return weights, 1 / weights.square().sum(dim=0)
