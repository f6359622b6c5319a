"""The exponential is taken of the mean score.

First e^(f - 1) of each pair, then the mean: Jensen says the other is too small.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    off = scores.masked_fill(torch.eye(n, dtype=torch.bool), 0.0)
    return scores.diagonal() - (off.sum(dim=1) / (n - 1) - 1).exp()
