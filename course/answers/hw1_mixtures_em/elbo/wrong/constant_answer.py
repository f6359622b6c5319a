"""A constant is returned.

The bound depends on x, on q and on the parameters.
"""


def elbo(x, responsibilities, weights, means, covariances):
    return torch.full((len(x),), -1.0, dtype=x.dtype)
