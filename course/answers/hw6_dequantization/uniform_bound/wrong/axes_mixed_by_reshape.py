"""Noises and examples are mixed by a reshape.

(K, batch) as it is: a mean over the first dimension.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.reshape(len(x), len(noise)).mean(dim=1)
