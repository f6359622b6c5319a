"""A small number is added inside the logarithm.

ln(p + epsilon) is not ln p: it is wrong for sure decoders, and a little wrong everywhere.
"""


def bernoulli_reconstruction(logits, x):
    return (x * (torch.sigmoid(logits) + 1e-8).log() + (1 - x) * (1 - torch.sigmoid(logits) + 1e-8).log()).sum(dim=-1)
