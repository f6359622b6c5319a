"""ln p(x) less KL(q || p(z|x)), in float64 inside."""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.double().log() + log_gaussians(x.double(), means.double(), covariances.double())
    q = responsibilities.double()
    log_evidence = log_joint.logsumexp(dim=1)
    log_posterior = log_joint - log_evidence[:, None]
    gap = (torch.xlogy(q, q) - q * log_posterior).sum(dim=1)
    return (log_evidence - gap).to(x.dtype)
