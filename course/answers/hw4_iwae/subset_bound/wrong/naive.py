"""exp before anything has been taken out.

Weights of images are 0 as numbers: stay in logarithms within each subset.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    return log_w.exp()[subsets].mean(dim=1).log().mean(dim=0)
