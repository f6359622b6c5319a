"""ln D is taken off for ln K.

The first dimension of u is that of the K noises.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_w = log_density((x + u) / n_levels, model) - x.shape[-1] * math.log(n_levels) - log_q
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0) - math.log(u.shape[-1])
