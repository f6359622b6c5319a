"""The noise is added after the division.

x and u are both divided by L.
"""


def uniform_bound(x, noise, model, n_levels):
    v = x / n_levels + noise
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
