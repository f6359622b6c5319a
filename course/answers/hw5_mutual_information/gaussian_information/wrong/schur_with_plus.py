"""The conditional covariance has a plus: knowing y widens it.

Knowing y takes doubt away: S_xx - S_xy S_yy^-1 S_yx.
"""


def gaussian_information(covariance, n_x):
    xx, xy, yy = covariance[:n_x, :n_x], covariance[:n_x, n_x:], covariance[n_x:, n_x:]
    left = xx + xy @ torch.linalg.solve(yy, xy.T)
    return 0.5 * (torch.logdet(xx) - torch.logdet(left))
