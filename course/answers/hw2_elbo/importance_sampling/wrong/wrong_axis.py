"""The sums go over the examples.

The samples are the first axis.
"""


def importance_sampling(log_w):
    k = log_w.shape[1]
    log_mean = log_w.logsumexp(dim=1) - math.log(k)
    relative = (log_w - log_mean[:, None]).exp()
    return log_mean, k / relative.square().mean(dim=1), ((relative - 1).square().mean(dim=1) / k).sqrt()
