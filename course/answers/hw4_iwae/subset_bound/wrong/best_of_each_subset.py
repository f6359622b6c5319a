"""The largest weight of each subset stands for its mean.

A is the mean of the chosen weights.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    return log_w[subsets].max(dim=1).values.mean(dim=0)
