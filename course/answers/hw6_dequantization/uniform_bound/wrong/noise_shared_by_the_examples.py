"""All examples use the noise of the first.

noise[k, i] belongs to example i.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise[:, :1].expand(noise.shape)) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
