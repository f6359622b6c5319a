"""The logarithm of the mean density is taken.

That is the importance weighted bound. Here it is the mean of the logarithms.
"""


def uniform_bound(x, noise, model, n_levels):
    v = (x + noise) / n_levels
    log_p = log_density(v, model) - x.shape[-1] * math.log(n_levels)
    return torch.logsumexp(log_p, dim=0) - math.log(len(noise))
