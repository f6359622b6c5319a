"""ln w itself weights the gradients.

The weights are w_k / sum of w.
"""


def iwae_gradient(log_w, gradients):
    return (log_w[..., None] * gradients).sum(dim=0)
