"""Logits are taken for probabilities.

A logit is any real number; its sigmoid is the probability.
"""


def bernoulli_reconstruction(logits, x):
    return (x * logits.clamp(1e-6, 1 - 1e-6).log() + (1 - x) * (1 - logits.clamp(1e-6, 1 - 1e-6)).log()).sum(dim=-1)
