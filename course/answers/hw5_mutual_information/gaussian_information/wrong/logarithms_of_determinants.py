"""The logarithm is taken of a determinant that has already underflowed.

log(det) is -inf where det is 0 as a number: logdet or slogdet never form it.
"""


def gaussian_information(covariance, n_x):
    log_det = lambda part: torch.det(part).log()
    return 0.5 * (log_det(covariance[:n_x, :n_x]) + log_det(covariance[n_x:, n_x:]) - log_det(covariance))
