"""0 times minus infinity makes NaN.

A product with a logarithm of 0 is NaN, though the weight is 0.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    entropy = -(relative / k * (log_w - log_mean - math.log(k))).sum(dim=0)
    size = k / relative.square().mean(dim=0)
    return log_mean, size + 0 * entropy, ((relative - 1).square().mean(dim=0) / k).sqrt()
