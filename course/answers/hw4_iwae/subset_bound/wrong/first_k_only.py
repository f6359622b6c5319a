"""Only the first k samples are used.

That has the right expectation, but it is one subset of many: average over all of them.
"""


def subset_bound(log_w, k):
    return torch.logsumexp(log_w[:k], dim=0) - math.log(k)
