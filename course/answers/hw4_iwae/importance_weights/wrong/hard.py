"""The sample with the largest weight gets all of it.

The others count with their share.
"""


def importance_weights(log_w):
    weights = torch.nn.functional.one_hot(log_w.argmax(dim=0), len(log_w)).T.to(log_w.dtype)
    return weights, 1 / weights.square().sum(dim=0)
