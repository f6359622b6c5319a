"""With xlogy."""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return (responsibilities * log_joint - torch.xlogy(responsibilities, responsibilities)).sum(-1)
