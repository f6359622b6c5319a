"""One largest weight of an example is taken out for all its subsets.

A subset without the heavy sample then has only weights of 0: each needs its own shift.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    top = log_w.max(dim=0).values
    return top + (log_w - top).exp()[subsets].mean(dim=1).log().mean(dim=0)
