"""A small number is added inside the logarithm.

It hides ln 0, and gives a constant for every image whose weights are smaller than it.
"""


def iwae(log_w):
    return (log_w.exp().mean(dim=0) + 1e-30).log()
