"""A loop over the subsets, adding up."""


def subset_bound(log_w, k):
    total, count = torch.zeros_like(log_w[0]), 0
    for chosen in itertools.combinations(list(log_w), k):
        total = total + torch.stack(chosen).logsumexp(dim=0) - math.log(k)
        count += 1
    return total / count
