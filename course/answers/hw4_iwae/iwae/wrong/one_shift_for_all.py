"""One largest value is taken out for all examples together.

Examples lie on very different levels: each needs its own largest value.
"""


def iwae(log_w):
    top = log_w.max()
    return top + (log_w - top).exp().mean(dim=0).log()
