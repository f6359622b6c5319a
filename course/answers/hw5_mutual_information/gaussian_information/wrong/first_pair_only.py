"""Only the first dimension of each is looked at.

All n_x and n_y dimensions count.
"""


def gaussian_information(covariance, n_x):
    correlation = covariance[0, n_x] / (covariance[0, 0] * covariance[n_x, n_x]).sqrt()
    return -0.5 * torch.log1p(-correlation.square())
