"""The sum over candidates is detached.

Both terms train the critic.
"""


def info_nce(scores):
    return scores.diagonal() - torch.logsumexp(scores, dim=1).detach() + math.log(len(scores))
