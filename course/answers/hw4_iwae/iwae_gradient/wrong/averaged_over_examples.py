"""Every row is the mean over the examples.

One row for each example, of that example alone.
"""


def iwae_gradient(log_w, gradients):
    weighted = (torch.softmax(log_w, dim=0)[..., None] * gradients).sum(dim=0)
    return weighted.mean(dim=0).expand(weighted.shape)
