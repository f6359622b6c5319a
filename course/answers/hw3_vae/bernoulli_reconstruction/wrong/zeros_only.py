"""Only pixels that are 0 count.

A pixel that is 1 has a probability too.
"""


def bernoulli_reconstruction(logits, x):
    return ((1 - x) * torch.nn.functional.logsigmoid(-logits)).sum(dim=-1)
