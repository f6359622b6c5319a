"""Only pixels that are 1 count.

A pixel that is 0 has a probability too.
"""


def bernoulli_reconstruction(logits, x):
    return (x * torch.nn.functional.logsigmoid(logits)).sum(dim=-1)
