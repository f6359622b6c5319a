"""The weights are normalized over the examples.

They sum to 1 over the samples of each example: the first dimension.
"""


def iwae_gradient(log_w, gradients):
    return (torch.softmax(log_w, dim=1)[..., None] * gradients).sum(dim=0)
