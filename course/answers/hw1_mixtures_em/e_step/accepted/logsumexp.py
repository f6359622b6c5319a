"""The logarithm of the evidence is subtracted."""


def e_step(x, weights, means, covariances):
    log_joint = torch.log(weights)[None, :] + log_gaussians(x, means, covariances)
    return torch.exp(log_joint - torch.logsumexp(log_joint, dim=1, keepdim=True))
