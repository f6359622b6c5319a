"""Images come first.

The result is (k, n): samples, then images.
"""


def bernoulli_reconstruction(logits, x):
    return (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1).T
