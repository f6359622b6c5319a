"""v is clipped away from 0 and 1.

The density takes any v: clipping changes it.
"""


def uniform_bound(x, noise, model, n_levels):
    v = ((x + noise) / n_levels).clamp(0.05, 0.95)
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
