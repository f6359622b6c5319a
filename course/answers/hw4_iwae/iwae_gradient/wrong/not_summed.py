"""The weighted gradients come back, one for each sample.

Sum over the samples.
"""


def iwae_gradient(log_w, gradients):
    return torch.softmax(log_w, dim=0)[..., None] * gradients
