"""Subsets of examples are taken, not of samples.

Samples are in the first dimension.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(log_w.shape[1]), min(k, log_w.shape[1]))))
    return (torch.logsumexp(log_w[:, subsets], dim=2) - math.log(subsets.shape[1])).mean(dim=1)
