"""The noise is taken off.

The cell of x is [x, x + 1): the noise is added.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x - noise) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
