"""The determinant is computed as a number before its logarithm is taken.

In 40 dimensions a determinant is a product of 40 numbers, which may be 0 or infinite for the computer. Add
logarithms instead, for instance of a Cholesky factor's diagonal.
"""


def log_density(x, weights, means, covariances):
    d = x.shape[1]
    factors = torch.linalg.cholesky(covariances)
    differences = (x[:, None, :] - means).permute(1, 2, 0)
    whitened = torch.linalg.solve_triangular(factors, differences, upper=False)
    distances = whitened.square().sum(dim=1)
    log_determinants = torch.linalg.det(covariances).log()
    log_gaussians = -0.5 * (d * math.log(2 * math.pi) + log_determinants[:, None] + distances)
    return torch.logsumexp(weights.log()[:, None] + log_gaussians, dim=0)
