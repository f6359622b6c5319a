"""The 1 is subtracted from the exponential, not in it.

e^(f - 1) is not e^f - 1.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - (others.exp().sum(dim=1) / (n - 1) - 1)
