"""The log-Jacobian of the division is forgotten.

p is a density of the scaled data: - D ln L.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u) / n_levels, model)
    log_w = log_p - log_q
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
