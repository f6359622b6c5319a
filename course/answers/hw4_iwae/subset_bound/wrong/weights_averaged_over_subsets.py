"""The subsets' mean weights are averaged, and then the logarithm is taken.

That is ln of the mean of all weights again. The mean over subsets is of the logarithms.
"""


def subset_bound(log_w, k):
    subsets = torch.tensor(list(itertools.combinations(range(len(log_w)), k)))
    log_means = torch.logsumexp(log_w[subsets], dim=1) - math.log(k)
    return torch.logsumexp(log_means, dim=0) - math.log(len(subsets))
