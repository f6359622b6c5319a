"""One ln L for each noise.

Each of the D features of y is L times as wide as one of v: D is x.shape[-1], not len(noise).
"""


def uniform_bound(x, noise, model, n_levels):
    log_p = log_density((x + noise) / n_levels, model) - len(noise) * math.log(n_levels)
    return log_p.mean(dim=0)
