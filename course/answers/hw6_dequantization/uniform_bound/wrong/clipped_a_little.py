"""v is kept a millionth away from 0 and 1.

The density is a Gaussian mixture, with no logarithm of v in it: nothing needs to be clipped.
"""


def uniform_bound(x, noise, model, n_levels):
    v = torch.clamp((x + noise) / n_levels, 1e-6, 1 - 1e-6)
    return log_density(v, model).mean(dim=0) - x.shape[-1] * math.log(n_levels)
