"""The mean of the logarithms comes back: the ELBO.

The average is taken before the logarithm: ln of the mean weight.
"""


def iwae(log_w):
    return log_w.mean(dim=0)
