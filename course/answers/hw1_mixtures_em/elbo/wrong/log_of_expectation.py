"""The logarithm is taken outside the expectation.

ln E_q[p(x, z)] is not E_q[ln p(x, z)]. Jensen's inequality moves the logarithm inside.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return torch.logsumexp(responsibilities.log() + log_joint, dim=1) + torch.special.entr(responsibilities).sum(dim=1)
