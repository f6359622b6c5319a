"""The noise is changed in place.

Operators like += write into the tensor itself: the caller's noise is another afterwards.
"""


def uniform_bound(x, noise, model, n_levels):
    noise += x
    v = noise / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
