"""The sum is over the examples.

Samples are in the first dimension.
"""


def iwae_gradient(log_w, gradients):
    return (torch.softmax(log_w, dim=0)[..., None] * gradients).sum(dim=1)
