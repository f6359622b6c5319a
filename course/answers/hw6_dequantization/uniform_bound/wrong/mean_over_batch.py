"""The mean over the batch comes back.

One value for each example.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean()
