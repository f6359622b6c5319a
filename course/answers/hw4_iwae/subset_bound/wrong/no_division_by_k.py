"""Sums of weights are taken in place of means.

A is the mean of the chosen weights: subtract ln k.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    return torch.logsumexp(log_w[subsets], dim=1).mean(dim=0)
