"""Fresh noise is drawn.

The noise is an argument, so that the result can be checked.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + torch.rand_like(noise)) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return log_p.mean(dim=0)
