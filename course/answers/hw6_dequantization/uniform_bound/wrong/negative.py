"""Minus the bound comes back, as for a loss.

The bound is to be maximized; whoever minimizes changes the sign himself.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return -log_p.mean(dim=0)
