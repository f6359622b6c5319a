"""H(X|Y) is returned.

That is the doubt that is left; the information is what has gone: H(X) - H(X|Y).
"""


def gaussian_information(covariance, n_x):
    left = torch.logdet(covariance) - torch.logdet(covariance[n_x:, n_x:])
    return 0.5 * (n_x * math.log(2 * math.pi * math.e) + left)
