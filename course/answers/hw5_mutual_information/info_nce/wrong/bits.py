"""The bound is in bits.

Nats: no division by ln 2.
"""


def info_nce(scores):
    return (scores.diagonal() - torch.logsumexp(scores, dim=1) + math.log(len(scores))) / math.log(2)
