"""Determinants are multiplied before the logarithm.

In many dimensions a determinant is 0 or inf as a number: logdet.
"""


def gaussian_information(covariance, n_x):
    parts = torch.det(covariance[:n_x, :n_x]) * torch.det(covariance[n_x:, n_x:])
    return 0.5 * torch.log(parts / torch.det(covariance))
