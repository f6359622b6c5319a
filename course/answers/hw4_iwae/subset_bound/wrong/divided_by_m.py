"""ln m is subtracted in place of ln k.

A subset has k members.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    return (torch.logsumexp(log_w[subsets], dim=1) - math.log(len(log_w))).mean(dim=0)
