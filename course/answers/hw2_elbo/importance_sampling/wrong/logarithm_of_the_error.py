"""The logarithm of the mean weight's standard error comes back.

ln of an error is not the error of ln: divide by the mean weight instead.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean, size, (0.5 * (variance / k).clamp_min(1e-300).log() + log_mean)
