"""Both are the importance weighted bound.

The variational one is the mean of ln w.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    log_w = log_p - log_q
    return (torch.logsumexp(log_w, dim=0) - math.log(len(log_w))), torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
