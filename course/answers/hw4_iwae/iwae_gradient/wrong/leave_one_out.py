"""The mean of the other samples' weights is taken off each weight.

That is a baseline of score-function estimators. Nothing is subtracted here.
"""


def iwae_gradient(log_w, gradients):
    weights = torch.softmax(log_w, dim=0)
    others = (1 - weights) / max(len(log_w) - 1, 1)
    return ((weights - others)[..., None] * gradients).sum(dim=0)
