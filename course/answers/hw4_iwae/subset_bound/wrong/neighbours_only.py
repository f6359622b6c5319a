"""Only runs of k neighbouring samples are taken.

All subsets: samples have no neighbours.
"""


def subset_bound(log_w, k):
    runs = torch.stack([log_w[start : start + k] for start in range(len(log_w) - k + 1)])
    return (torch.logsumexp(runs, dim=1) - math.log(k)).mean(dim=0)
