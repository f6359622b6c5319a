"""The effective size is 1 over what it should be.

Equal weights: K. One weight: 1.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = relative.square().mean(dim=0) / k
    return log_mean, size, (variance / k).sqrt()
