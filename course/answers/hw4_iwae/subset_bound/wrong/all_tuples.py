"""All tuples of k samples are taken, also those with a sample twice.

That is drawing from the m samples anew. A subset has k different members.
"""


def subset_bound(log_w, k):
    subsets = torch.cartesian_prod(*[torch.arange(len(log_w))] * k).reshape(-1, k)
    return (torch.logsumexp(log_w[subsets], dim=1) - math.log(k)).mean(dim=0)
