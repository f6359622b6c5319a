"""The mean absolute deviation stands for the standard deviation.

v is a mean of squares.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).abs().mean(dim=0).square()
    size = k / relative.square().mean(dim=0)
    return log_mean, size, (variance / k).sqrt()
