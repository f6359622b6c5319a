"""Samples are averaged.

Keep each sample's value: the result is (k, n).
"""


def bernoulli_reconstruction(logits, x):
    return (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1).mean(dim=0)
