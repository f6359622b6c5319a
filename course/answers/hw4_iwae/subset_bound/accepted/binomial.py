"""The sum divided by the binomial coefficient, the largest weight of each subset taken out."""


def subset_bound(log_w, k):
    total = 0
    for chosen in itertools.combinations(range(len(log_w)), k):
        part = log_w[list(chosen)]
        top = part.max(dim=0).values
        total = total + top + (part - top).exp().mean(dim=0).log()
    return total / math.comb(len(log_w), k)
