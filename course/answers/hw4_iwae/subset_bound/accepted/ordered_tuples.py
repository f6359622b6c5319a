"""All ordered tuples without repetition: each subset k! times."""


def subset_bound(log_w, k):
    if len(log_w) > 6:
        subsets = list(itertools.combinations(range(len(log_w)), k))
    else:
        subsets = list(itertools.permutations(range(len(log_w)), k))
    return torch.stack([torch.logsumexp(log_w[list(s)], 0) for s in subsets]).mean(0) - math.log(k)
