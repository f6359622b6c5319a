"""The noise is moved to [-1/2, 1/2).

The cell of x is [x, x + 1): the noise is used as given.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise - 0.5) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
