"""Probabilities are clipped.

It hides the infinity, but the value is wrong and the gradient is 0 just where it should be largest.
"""


def bernoulli_reconstruction(logits, x):
    return (
        x * torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7).log()
        + (1 - x) * (1 - torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)).log()
    ).sum(dim=-1)
