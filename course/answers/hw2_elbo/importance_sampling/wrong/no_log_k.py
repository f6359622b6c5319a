"""The sum of the weights is not divided by K.

Subtract ln K.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean, size, (variance / k).sqrt()
