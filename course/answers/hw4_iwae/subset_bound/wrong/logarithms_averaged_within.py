"""The logarithms are averaged within each subset.

Then k plays no part: within a subset it is the weights that are averaged, before the logarithm.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    return log_w[subsets].mean(dim=1).mean(dim=0)
