"""The largest of the K logarithms.

The bound is a mean over the noises: the best one is above it, and can be above ln P(x).
"""


def uniform_bound(x, noise, model, n_levels):
    log_p = log_density((x + noise) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    return log_p.amax(dim=0)
