"""One number is taken out for all examples.

Each example's own largest: torch.logsumexp.
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    log_w = log_p - log_q
    return log_w.mean(dim=0), log_w.max() + (log_w - log_w.max()).exp().mean(dim=0).log()
