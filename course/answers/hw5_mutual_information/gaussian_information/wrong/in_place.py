"""The covariance is turned into correlations in place.

Operators like /= write into the caller's tensor.
"""


def gaussian_information(covariance, n_x):
    scale = covariance.diagonal().sqrt()
    covariance /= scale
    covariance /= scale[:, None]
    return 0.5 * (torch.logdet(covariance[:n_x, :n_x]) + torch.logdet(covariance[n_x:, n_x:]) - torch.logdet(covariance))
