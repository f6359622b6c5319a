"""The standard error is sqrt(1 / size - 1 / K), which may be the root of a rounding error below 0.

Equal in exact arithmetic. With equal weights the difference can come out as -1e-17, and its root is NaN.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean, size, (1 / (size * (1 + 1e-15)) - 1 / k).sqrt()
