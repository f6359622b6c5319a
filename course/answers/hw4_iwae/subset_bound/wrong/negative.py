"""The negative bound comes back, as for a loss.

Bounds are to be maximized here.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    return -(torch.logsumexp(log_w[subsets], dim=1) - math.log(k)).mean(dim=0)
