"""Weights of 0 are left out, and K is the number of the others.

They are samples that found nothing, and count.
"""


def importance_sampling(log_w):
    k = torch.isfinite(log_w).sum(dim=0).to(log_w.dtype)
    log_mean = log_w.logsumexp(dim=0) - k.log()
    relative = (log_w - log_mean).exp()
    variance = torch.where(torch.isfinite(log_w), (relative - 1).square(), 0.0).sum(dim=0) / k
    return log_mean, k.square() / relative.square().sum(dim=0), (variance / k).sqrt()
