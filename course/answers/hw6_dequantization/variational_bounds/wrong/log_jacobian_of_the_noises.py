"""K ln L for D ln L.

One ln L for each feature of y: D is x.shape[-1], not len(u).
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_w = log_density((x + u) / n_levels, model) - len(u) * math.log(n_levels) - log_q
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0) - math.log(len(u))
