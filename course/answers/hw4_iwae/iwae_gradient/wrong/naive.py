"""exp before anything has been taken out.

The weights of an image are 0 as numbers, and 0 / 0 is NaN.
"""


def iwae_gradient(log_w, gradients):
    weights = log_w.exp() / log_w.exp().sum(dim=0)
    return (weights[..., None] * gradients).sum(dim=0)
