"""Subsets of m - 1 are taken, whatever k is.

A subset has k members.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), max(len(log_w) - 1, 1))))
    return (torch.logsumexp(log_w[subsets], dim=1) - math.log(subsets.shape[1])).mean(dim=0)
