"""The effective size is given as a share of K.

It is a number of samples.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = 1 / relative.square().mean(dim=0)
    return log_mean, size, (variance / k).sqrt()
