"""The estimate is the mean of the log-weights: the ELBO.

First the mean of the weights, then the logarithm.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_w.nan_to_num(neginf=-1e4).mean(dim=0), size, (variance / k).sqrt()
