"""The off-diagonal entry is taken for a correlation.

Divide by both standard deviations: variances need not be 1.
"""


def gaussian_information(covariance, n_x):
    cross = covariance[:n_x, n_x:]
    return -0.5 * torch.log((1 - cross.square()).clamp(min=1e-3)).sum()
