"""Everything is divided by L - 1.

x + u goes from 0 to L: divided by L, with the log-Jacobian - D ln L.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / (n_levels - 1)
    log_p = log_density(v, model) - x.shape[-1] * math.log((n_levels - 1))
    return log_p.mean(dim=0)
