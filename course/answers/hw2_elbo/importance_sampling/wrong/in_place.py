"""The log-weights are shifted in place.

-= changes the tensor that the caller passed.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    log_w -= log_mean
    relative = log_w.exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean, size, (variance / k).sqrt()
