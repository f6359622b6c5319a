"""The negative gradient comes back, as for a loss.

The bound is climbed: its gradient, with its sign.
"""


def iwae_gradient(log_w, gradients):
    return -(torch.softmax(log_w, dim=0)[..., None] * gradients).sum(dim=0)
