"""- ln K is forgotten.

The mean of the weights, not their sum.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    log_w = log_p - log_q
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0)
