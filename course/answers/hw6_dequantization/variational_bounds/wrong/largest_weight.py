"""The largest weight stands for the mean.

All K weights count.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    log_w = log_p - log_q
    return log_w.mean(dim=0), log_w.max(dim=0).values
