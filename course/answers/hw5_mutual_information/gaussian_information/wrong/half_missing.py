"""The half is missing.

A Gaussian's entropy is half a log-determinant.
"""


def gaussian_information(covariance, n_x):
    return torch.logdet(covariance[:n_x, :n_x]) + torch.logdet(covariance[n_x:, n_x:]) - torch.logdet(covariance)
