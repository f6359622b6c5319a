"""The mean is over the examples, one value for each noise comes back.

Noises are in the first dimension.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=1)
