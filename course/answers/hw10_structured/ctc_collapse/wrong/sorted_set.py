"""The set of the labels, sorted.

Their order and their repetition matter.
"""


def ctc_collapse(path, blank):
    return sorted(set(path.tolist()) - {blank})
