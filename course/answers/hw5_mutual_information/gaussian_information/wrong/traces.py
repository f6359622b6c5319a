"""Traces in the place of determinants.

The entropy of a Gaussian has its volume, the determinant.
"""


def gaussian_information(covariance, n_x):
    log_trace = lambda part: part.trace().log()
    return 0.5 * (log_trace(covariance[:n_x, :n_x]) + log_trace(covariance[n_x:, n_x:]) - log_trace(covariance))
