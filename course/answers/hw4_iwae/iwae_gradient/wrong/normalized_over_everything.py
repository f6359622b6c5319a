"""The weights are normalized over samples and examples together.

Each example has its own sum of weights.
"""


def iwae_gradient(log_w, gradients):
    weights = torch.softmax(log_w.flatten(), dim=0).reshape(log_w.shape)
    return (weights[..., None] * gradients).sum(dim=0)
