"""The effective size is computed from the log-weights.

It is a function of the weights.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    finite = log_w.nan_to_num(neginf=-1e4)
    size = finite.sum(dim=0).square() / finite.square().sum(dim=0)
    return log_mean, size, (variance / k).sqrt()
