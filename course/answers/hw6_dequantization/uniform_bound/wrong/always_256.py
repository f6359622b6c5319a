"""There are always 256 levels.

The number of levels is an argument.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / 256
    log_p = log_density(v, model) - x.shape[-1] * math.log(256)
    return log_p.mean(dim=0)
