"""The sum over the noises is divided by D.

The first dimension of noise is that of the K noises: divide by len(noise).
"""


def uniform_bound(x, noise, model, n_levels):
    log_p = log_density((x + noise) / n_levels, model) - x.shape[-1] * math.log(n_levels)
    return log_p.sum(dim=0) / noise.shape[-1]
