"""The result is float32 whatever came in.

Return the dtype that you were given.
"""


def gaussian_information(covariance, n_x):
    covariance = covariance.float()
    return 0.5 * (torch.logdet(covariance[:n_x, :n_x]) + torch.logdet(covariance[n_x:, n_x:]) - torch.logdet(covariance))
