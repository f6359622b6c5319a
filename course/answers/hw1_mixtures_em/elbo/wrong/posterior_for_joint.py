"""ln p(z|x) stands where ln p(x, z) should: minus the KL comes back.

-KL(q || p(z|x)) is what the bound lacks to ln p(x), not the bound.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return (responsibilities * torch.log_softmax(log_joint, dim=1)).sum(dim=1) + torch.special.entr(
        responsibilities
    ).sum(dim=1)
