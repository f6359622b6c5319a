"""The noise is added after the division.

x and u are both divided by L.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density(x / n_levels + u, model) - x.shape[-1] * math.log(n_levels)
    log_w = log_p - log_q
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
