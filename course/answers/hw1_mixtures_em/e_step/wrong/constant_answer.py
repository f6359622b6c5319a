"""The weights are returned for every example.

The responsibilities depend on x: this is the prior p(z), not the posterior p(z|x).
"""


def e_step(x, weights, means, covariances):
    return weights.expand(len(x), -1).clone()
