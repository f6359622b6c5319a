"""All m samples are used, whatever k is.

The subset has k members: the bound depends on k.
"""


def subset_bound(log_w, k):
    return torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
