"""The negatives are averaged down the column.

Row i holds one x against all y: dim=1.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - (others - 1).exp().sum(dim=0) / (n - 1)
