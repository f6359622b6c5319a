"""Logits are clipped.

A decoder that is sure and wrong must pay for it.
"""


def bernoulli_reconstruction(logits, x):
    return (x * logits.clamp(-30, 30) - torch.nn.functional.softplus(logits.clamp(-30, 30))).sum(dim=-1)
