"""The result is float32 whatever came in.

Return the dtype that you were given.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return (scores.diagonal() - (others - 1).exp().sum(dim=1) / (n - 1)).float()
