"""The entropy is averaged over the components, not summed.

The entropy is -sum q ln q over z.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return (responsibilities * log_joint).sum(dim=1) + torch.special.entr(responsibilities).mean(dim=1)
