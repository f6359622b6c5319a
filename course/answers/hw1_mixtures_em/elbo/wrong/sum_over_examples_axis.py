"""The sum goes over the examples, one value for each component comes back.

The expectation is over z. Which axis is z?
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return (responsibilities * log_joint + torch.special.entr(responsibilities)).sum(dim=0)
