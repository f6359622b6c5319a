"""The raw weights are used.

Dividing by the sum of weights comes from the derivative of the logarithm.
"""


def iwae_gradient(log_w, gradients):
    return (log_w.exp()[..., None] * gradients).sum(dim=0)
