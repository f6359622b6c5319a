"""The logarithm is taken of a rounded sigmoid.

At a logit of 40 the sigmoid is stored as 1, and ln(1 - 1) is -infinity. Simplify first: x a - softplus(a).
"""


def bernoulli_reconstruction(logits, x):
    return (x * torch.sigmoid(logits).log() + (1 - x) * (1 - torch.sigmoid(logits)).log()).sum(dim=-1)
