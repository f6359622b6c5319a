"""The logarithm of the mean is over noises and examples together.

Each example has its own.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    log_w = log_p - log_q
    return log_w.mean(dim=0), (torch.logsumexp(log_w.flatten(), dim=0) - math.log(log_w.numel())).expand(len(x))
