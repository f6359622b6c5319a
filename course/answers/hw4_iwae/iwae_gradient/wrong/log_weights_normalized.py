"""The logarithms of the normalized weights are used.

Exponentiate: softmax, not log_softmax.
"""


def iwae_gradient(log_w, gradients):
    return (torch.log_softmax(log_w, dim=0)[..., None] * gradients).sum(dim=0)
