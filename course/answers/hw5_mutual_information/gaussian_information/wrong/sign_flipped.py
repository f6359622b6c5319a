"""The sign of the whole.

H(X) + H(Y) - H(X,Y): the whole is subtracted. Information is at least 0.
"""


def gaussian_information(covariance, n_x):
    return 0.5 * (torch.logdet(covariance) - torch.logdet(covariance[:n_x, :n_x]) - torch.logdet(covariance[n_x:, n_x:]))
