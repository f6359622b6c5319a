"""The log-Jacobian is taken off once for each noise, after the mean.

Each noise has - D ln L; in their mean it stands once.
"""


def uniform_bound(x, noise, model, n_levels):
    bound = log_density((x + noise) / n_levels, model).mean(dim=0)
    for u in noise:
        bound = bound - u.shape[-1] * math.log(n_levels)
    return bound
