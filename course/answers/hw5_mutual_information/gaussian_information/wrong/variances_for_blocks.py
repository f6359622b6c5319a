"""The blocks' variances are multiplied: the dependence within X is counted as information.

H(X) takes the determinant of the whole block of X: what its dimensions tell about each other is not about Y.
"""


def gaussian_information(covariance, n_x):
    return 0.5 * (covariance.diagonal().log().sum() - torch.logdet(covariance))
