"""ln E_q[p(x, z) / q] is computed, which is ln p(x) for any q.

You have undone Jensen's step: q cancels. The bound has the logarithm inside the expectation.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return torch.where(responsibilities > 0, log_joint, -math.inf).logsumexp(dim=1)
