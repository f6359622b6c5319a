"""Scores are clipped before the exponential.

Clipping changes the bound and its gradient: take the diagonal out instead.
"""


def nwj(scores):
    n = len(scores)
    scores = scores.clamp(max=20)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - (others - 1).exp().sum(dim=1) / (n - 1)
