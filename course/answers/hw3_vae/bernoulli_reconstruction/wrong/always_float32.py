"""The result is always float32.

Keep the dtype of the arguments.
"""


def bernoulli_reconstruction(logits, x):
    return (x * logits - torch.nn.functional.softplus(logits)).sum(dim=-1).float()
