"""The effective size is K whatever the weights.

It says what K unequal weights are worth.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = torch.full_like(log_mean, k)
    return log_mean, size, (variance / k).sqrt()
