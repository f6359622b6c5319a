"""The constant is -(1/2) ln 2 pi in any number of dimensions.

A standard Gaussian in d dimensions is the product of d one-dimensional ones. How often does each constant
occur?
"""


def log_density(x, weights, means, covariances):
    d = x.shape[1]
    factors = torch.linalg.cholesky(covariances)
    differences = (x[:, None, :] - means).permute(1, 2, 0)
    whitened = torch.linalg.solve_triangular(factors, differences, upper=False)
    distances = whitened.square().sum(dim=1)
    log_determinants = 2 * factors.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    log_gaussians = -0.5 * (math.log(2 * math.pi) + log_determinants[:, None] + distances)
    return torch.logsumexp(weights.log()[:, None] + log_gaussians, dim=0)
