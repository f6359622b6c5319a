"""A constant is returned.

The bound depends on x, the noise and the model.
"""


def uniform_bound(x, noise, model, n_levels):
    return torch.full_like(x[:, 0], 100.0)
