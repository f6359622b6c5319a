"""The gradient of the batch's sum comes back.

One row for each example.
"""


def iwae_gradient(log_w, gradients):
    return (torch.softmax(log_w, dim=0)[..., None] * gradients).sum(dim=(0, 1))
