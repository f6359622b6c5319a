"""With torch.cov and its weights, filled in place."""


def m_step(x, responsibilities):
    n, d = x.shape
    k = responsibilities.shape[1]
    means = torch.empty(k, d, dtype=x.dtype)
    covariances = torch.empty(k, d, d, dtype=x.dtype)
    for z in range(k):
        share = responsibilities[:, z]
        means[z] = (share.unsqueeze(1) * x).sum(dim=0) / share.sum()
        covariances[z] = torch.cov(x.T, correction=0, aweights=share).reshape(d, d)
    weights = responsibilities.sum(dim=0)
    return [weights / weights.sum(), means, covariances]
