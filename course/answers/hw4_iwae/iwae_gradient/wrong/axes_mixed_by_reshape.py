"""The gradients are reshaped to (batch, K, P), which mixes samples and examples.

A reshape keeps the order in memory; permute exchanges dimensions.
"""


def iwae_gradient(log_w, gradients):
    K, batch = log_w.shape
    weights = torch.softmax(log_w, dim=0).T
    return (weights[..., None] * gradients.reshape(batch, K, -1)).sum(dim=1)
