"""The second term is a logarithm, as in Donsker-Varadhan.

NWJ has none: it is linear in e^(f - 1).
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - (others.logsumexp(dim=1) - math.log(n - 1))
