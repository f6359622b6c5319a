"""The first noise is used K times.

Each of the K has its own v.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u[:1].expand(u.shape)) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    log_w = log_p - log_q
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
