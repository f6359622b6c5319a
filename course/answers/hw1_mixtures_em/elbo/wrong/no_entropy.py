"""The entropy of q is missing.

E_q[ln p(x, z)] alone is not tight at the posterior. What does the bound subtract from ln p(x, z)?
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return (responsibilities * log_joint).sum(dim=1)
