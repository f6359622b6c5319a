"""Only the diagonal of the covariance is used in the distance.

Two features that move together have off-diagonal covariance. A tilted ellipse cannot be told from an upright
one by its diagonal.
"""


def log_density(x, weights, means, covariances):
    d = x.shape[1]
    factors = torch.linalg.cholesky(covariances)
    differences = (x[:, None, :] - means).permute(1, 2, 0)
    variances = covariances.diagonal(dim1=1, dim2=2)
    distances = (differences.square() / variances[:, :, None]).sum(dim=1)
    log_determinants = 2 * factors.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    log_gaussians = -0.5 * (d * math.log(2 * math.pi) + log_determinants[:, None] + distances)
    return torch.logsumexp(weights.log()[:, None] + log_gaussians, dim=0)
