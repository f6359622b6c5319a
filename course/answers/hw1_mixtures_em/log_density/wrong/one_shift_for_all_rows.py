"""The largest term is taken over the whole table, not for each row.

Each example has its own sum over z, so each needs its own largest term: one point far away must not change
what becomes of the others.
"""


def log_density(x, weights, means, covariances):
    d = x.shape[1]
    factors = torch.linalg.cholesky(covariances)
    differences = (x[:, None, :] - means).permute(1, 2, 0)
    whitened = torch.linalg.solve_triangular(factors, differences, upper=False)
    distances = whitened.square().sum(dim=1)
    log_determinants = 2 * factors.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    log_gaussians = -0.5 * (d * math.log(2 * math.pi) + log_determinants[:, None] + distances)
    log_joint = weights.log()[:, None] + log_gaussians
    largest = log_joint.max()
    return largest + (log_joint - largest).exp().sum(dim=0).log()
