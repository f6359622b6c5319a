"""The samples are cut into blocks of k.

That has the right expectation, and wastes most subsets: average over all of them.
"""


def subset_bound(log_w, k):
    blocks = torch.stack([block for block in log_w.split(k) if len(block) == k])
    return (torch.logsumexp(blocks, dim=1) - math.log(k)).mean(dim=0)
