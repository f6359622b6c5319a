"""The mean over the batch comes back.

One value for each x; callers average.
"""


def info_nce(scores):
    return (scores.diagonal() - torch.logsumexp(scores, dim=1)).mean() + math.log(len(scores))
