"""ln p(x|z) is used instead of ln p(x, z).

The joint is p(z) p(x|z). Where is the weight?
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_likelihood = log_gaussians(x, means, covariances)
    return (responsibilities * log_likelihood).sum(dim=1) + torch.special.entr(responsibilities).sum(dim=1)
