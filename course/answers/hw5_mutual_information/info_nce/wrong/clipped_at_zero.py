"""Values below 0 are clipped.

Single values may be negative; clipped, their mean is no lower bound any more.
"""


def info_nce(scores):
    return (scores.diagonal() - torch.logsumexp(scores, dim=1) + math.log(len(scores))).clamp(min=0)
