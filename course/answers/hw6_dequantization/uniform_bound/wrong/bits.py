"""The bound is in bits.

Nats.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0) / math.log(2)
