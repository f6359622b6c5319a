"""A logarithm is taken of the mean of e^(f - 1).

NWJ has no logarithm.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - ((others - 1).logsumexp(dim=1) - math.log(n - 1))
