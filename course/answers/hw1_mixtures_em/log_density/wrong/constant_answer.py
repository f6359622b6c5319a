"""A constant is returned.

It must depend on x.
"""


def log_density(x, weights, means, covariances):
    return torch.full((len(x),), -0.5 * math.log(2 * math.pi), dtype=x.dtype)
