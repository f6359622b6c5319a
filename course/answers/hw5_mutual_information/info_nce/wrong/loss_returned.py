"""The negative bound comes back.

It is to be maximized.
"""


def info_nce(scores):
    return torch.logsumexp(scores, dim=1) - scores.diagonal() - math.log(len(scores))
