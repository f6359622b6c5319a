"""p(x, z) is returned, not p(z|x).

Divide by the sum over z, in logarithms.
"""


def e_step(x, weights, means, covariances):
    return (weights.log() + log_gaussians(x, means, covariances)).exp()
