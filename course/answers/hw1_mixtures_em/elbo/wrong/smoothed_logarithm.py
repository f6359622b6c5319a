"""A small number is added to q inside the logarithm.

It avoids NaN at 0, but changes the entropy everywhere else. Treat the zeros alone.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return (responsibilities * (log_joint - (responsibilities + 1e-6).log())).sum(dim=1)
