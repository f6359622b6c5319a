"""The result is in bits.

Nats: natural logarithms.
"""


def bernoulli_reconstruction(logits, x):
    return (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1) / math.log(2)
