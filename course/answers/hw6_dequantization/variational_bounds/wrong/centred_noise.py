"""The noise is moved to [-1/2, 1/2).

The cell of x is [x, x + 1).
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u - 0.5) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    log_w = log_p - log_q
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
