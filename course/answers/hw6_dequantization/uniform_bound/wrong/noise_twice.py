"""The noise is added twice.

v = (x + u) / L.
"""


def uniform_bound(x, noise, model, n_levels):
    y = x + noise
    v = (y + noise) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
