"""Everything is summed.

Sum over pixels alone.
"""


def bernoulli_reconstruction(logits, x):
    return (x * logits - torch.nn.functional.softplus(logits)).sum()
