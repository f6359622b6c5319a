"""The negative bound comes back, as for a loss.

It is to be maximized.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return (others - 1).exp().sum(dim=1) / (n - 1) - scores.diagonal()
