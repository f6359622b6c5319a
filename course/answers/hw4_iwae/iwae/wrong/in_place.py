"""The largest value is taken out in place: the caller's tensor is changed.

Operators like -= write into the tensor itself.
"""


def iwae(log_w):
    top = log_w.max(dim=0).values
    log_w -= top
    return top + log_w.exp().mean(dim=0).log()
