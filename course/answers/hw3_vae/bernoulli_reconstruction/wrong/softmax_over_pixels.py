"""The pixels compete in a softmax.

Each pixel is 0 or 1 for itself; a softmax would say which one of them is 1.
"""


def bernoulli_reconstruction(logits, x):
    return (x * torch.log_softmax(logits, dim=-1)).sum(dim=-1)
