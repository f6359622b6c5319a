"""ln N is to base 10.

All logarithms are natural.
"""


def info_nce(scores):
    return scores.diagonal() - torch.logsumexp(scores, dim=1) + math.log10(len(scores))
