"""The weight itself is added, not its logarithm.

The joint's logarithm is ln weight + ln density.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights + log_gaussians(x, means, covariances)
    return (responsibilities * log_joint).sum(dim=1) + torch.special.entr(responsibilities).sum(dim=1)
