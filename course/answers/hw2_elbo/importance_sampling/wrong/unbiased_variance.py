"""The variance is divided by K - 1.

Here v is defined with 1/K (then K / (1 + v) is the effective size, and K = 1 gives no 0 / 0).
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean, size, (variance / max(k - 1, 1)).sqrt()
