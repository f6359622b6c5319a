"""Powers of two for the exponential.

e^(f - 1): nats.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - (2 ** (others - 1)).sum(dim=1) / (n - 1)
