"""ln L is counted once for each example of the batch.

Once for each of the D features: x.shape[-1].
"""


def variational_bounds(x, u, log_q, model, n_levels):
    log_p = log_density((x + u) / n_levels, model) - len(x) * math.log(n_levels)
    log_w = log_p - log_q
    return log_w.mean(dim=0), torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
