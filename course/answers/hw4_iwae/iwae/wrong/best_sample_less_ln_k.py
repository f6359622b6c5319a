"""The other samples' weights are left out of the sum.

That is near the bound where one sample has all the weight, and only there.
"""


def iwae(log_w):
    return log_w.max(dim=0).values - math.log(len(log_w))
