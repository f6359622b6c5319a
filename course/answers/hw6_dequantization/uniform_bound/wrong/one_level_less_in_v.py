"""v is x + u divided by L - 1, with the log-Jacobian of L.

x + u goes from 0 to L: divided by L.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / (n_levels - 1)
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
