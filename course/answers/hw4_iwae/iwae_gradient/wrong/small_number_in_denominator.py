"""A small number is added to the sum of weights.

The weights of an image are smaller than it: its gradient vanishes. Use softmax.
"""


def iwae_gradient(log_w, gradients):
    weights = log_w.exp() / (log_w.exp().sum(dim=0) + 1e-12)
    return (weights[..., None] * gradients).sum(dim=0)
