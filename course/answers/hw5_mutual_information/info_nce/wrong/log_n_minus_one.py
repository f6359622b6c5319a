"""ln(N - 1) is added.

There are N candidates.
"""


def info_nce(scores):
    return scores.diagonal() - torch.logsumexp(scores, dim=1) + math.log(max(len(scores) - 1, 1))
