"""Only x is divided by L - 1, as for images without noise.

x + u goes from 0 to L: both are divided by L.
"""


def uniform_bound(x, noise, model, n_levels):
    v = x / (n_levels - 1) + noise / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
