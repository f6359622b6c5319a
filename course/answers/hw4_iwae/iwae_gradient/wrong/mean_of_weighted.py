"""The weighted gradients are averaged over samples, so that K divides twice.

The weights sum to 1 already: sum.
"""


def iwae_gradient(log_w, gradients):
    return (torch.softmax(log_w, dim=0)[..., None] * gradients).mean(dim=0)
