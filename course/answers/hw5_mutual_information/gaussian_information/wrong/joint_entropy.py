"""The entropy H(X,Y) is returned.

Information is H(X) + H(Y) - H(X,Y).
"""


def gaussian_information(covariance, n_x):
    return 0.5 * (len(covariance) * math.log(2 * math.pi * math.e) + torch.logdet(covariance))
