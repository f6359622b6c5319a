"""Black and white are exchanged.

The sigmoid of the logit is the probability of a 1.
"""


def bernoulli_reconstruction(logits, x):
    return ((1 - x) * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
