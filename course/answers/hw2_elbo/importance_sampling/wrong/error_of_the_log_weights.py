"""The standard error is that of the mean log-weight.

That is the ELBO's error bar. The delta method takes the variance of the weights, over their mean squared.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean, size, log_w.nan_to_num(neginf=-1e4).std(dim=0, correction=0) / math.sqrt(k)
