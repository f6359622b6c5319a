"""The subsets are summed, not averaged.

Divide by the number of subsets.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    return (torch.logsumexp(log_w[subsets], dim=1) - math.log(k)).sum(dim=0)
