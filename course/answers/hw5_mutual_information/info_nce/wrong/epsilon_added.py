"""A small number is added within the logarithm.

log_softmax needs none, and this changes the bound.
"""


def info_nce(scores):
    return (scores.softmax(dim=1).diagonal() + 1e-6).log() + math.log(len(scores))
