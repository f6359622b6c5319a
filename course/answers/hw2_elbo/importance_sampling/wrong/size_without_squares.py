"""The sum is divided by the sum of squares: the square of the sum is forgotten.

(sum w)^2 / sum w^2, which does not change if all weights are doubled.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = (log_mean + math.log(k) - (2 * log_w).logsumexp(dim=0)).exp()
    return log_mean, size, (variance / k).sqrt()
