"""The first noise is used K times.

Each of the K is another.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise[:1].expand(noise.shape)) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
