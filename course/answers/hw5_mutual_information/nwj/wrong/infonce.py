"""InfoNCE comes back.

NWJ has no softmax.
"""


def nwj(scores):
    n = len(scores)
    others = scores.masked_fill(torch.eye(n, dtype=torch.bool), -math.inf)
    return scores.diagonal() - torch.logsumexp(scores, dim=1) + math.log(n)
