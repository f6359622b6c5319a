"""By the canonical correlations."""


def gaussian_information(covariance, n_x):
    wide = covariance.double()
    of_x, of_y = torch.linalg.cholesky(wide[:n_x, :n_x]), torch.linalg.cholesky(wide[n_x:, n_x:])
    whitened = torch.linalg.solve_triangular(of_x, wide[:n_x, n_x:], upper=False)
    whitened = torch.linalg.solve_triangular(of_y, whitened.T, upper=False)
    correlations = torch.linalg.svdvals(whitened)
    return (-0.5 * torch.log1p(-correlations.square()).sum()).to(covariance.dtype)
