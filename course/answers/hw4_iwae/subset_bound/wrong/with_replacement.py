"""Subsets may have the same sample twice.

A subset has k different members: itertools.combinations, without replacement.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations_with_replacement(range(len(log_w)), k)))
    return (torch.logsumexp(log_w[subsets], dim=1) - math.log(k)).mean(dim=0)
