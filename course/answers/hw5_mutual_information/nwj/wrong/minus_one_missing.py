"""The -1 in the exponent is missing.

e^(f - 1): without the -1 the bound is far too low.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - others.exp().sum(dim=1) / (n - 1)
