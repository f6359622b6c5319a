"""The negative is returned: a loss.

ln p(x | z) is negative, and is to be large.
"""


def bernoulli_reconstruction(logits, x):
    return -(x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
