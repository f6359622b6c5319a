"""The largest term taken out by hand, eigenvalues for the determinant."""


def log_density(x, weights, means, covariances):
    d = x.size(1)
    values, vectors = torch.linalg.eigh(covariances)  # (k, d), (k, d, d)
    rotated = torch.einsum("kij,nki->nkj", vectors, x[:, None] - means[None])
    log_joint = weights.log() - 0.5 * ((rotated**2 / values).sum(-1) + values.log().sum(-1) + d * math.log(2 * math.pi))
    largest = log_joint.max(dim=1, keepdim=True).values
    return largest[:, 0] + torch.log(torch.exp(log_joint - largest).sum(dim=1))
