"""The 1 is subtracted from the diagonal, too.

Only the exponent has it.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - 1 - (others - 1).exp().sum(dim=1) / (n - 1)
