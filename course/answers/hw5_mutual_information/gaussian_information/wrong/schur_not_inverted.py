"""The conditional covariance lacks the inverse of Y's covariance.

S_xx - S_xy S_yy^-1 S_yx.
"""


def gaussian_information(covariance, n_x):
    xx, xy = covariance[:n_x, :n_x], covariance[:n_x, n_x:]
    left = xx - xy @ xy.T
    return 0.5 * (torch.logdet(xx) - torch.linalg.slogdet(left)[1])
