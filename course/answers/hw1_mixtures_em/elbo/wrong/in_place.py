"""The arguments are written to, to avoid ln 0.

Methods that end in an underscore change the tensor itself, and so what the caller passed.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    responsibilities.mul_(1 - 1e-9).add_(1e-12)
    return (responsibilities * (log_joint - responsibilities.log())).sum(dim=1)
