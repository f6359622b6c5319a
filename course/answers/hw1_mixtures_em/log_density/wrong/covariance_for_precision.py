"""The quadratic form uses the covariance, not its inverse.

In one dimension the squared distance is divided by the variance. What is the matrix for dividing?
"""


def log_density(x, weights, means, covariances):
    d = x.shape[1]
    factors = torch.linalg.cholesky(covariances)
    differences = (x[:, None, :] - means).permute(1, 2, 0)
    multiplied = covariances @ differences
    distances = (differences * multiplied).sum(dim=1)
    log_determinants = 2 * factors.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    log_gaussians = -0.5 * (d * math.log(2 * math.pi) + log_determinants[:, None] + distances)
    return torch.logsumexp(weights.log()[:, None] + log_gaussians, dim=0)
