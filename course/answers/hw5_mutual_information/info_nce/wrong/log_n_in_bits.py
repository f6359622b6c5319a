"""ln N is to base 2.

All logarithms are natural.
"""


def info_nce(scores):
    return scores.diagonal() - torch.logsumexp(scores, dim=1) + math.log2(len(scores))
