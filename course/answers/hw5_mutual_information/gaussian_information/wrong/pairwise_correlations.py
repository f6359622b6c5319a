"""Pairs of one dimension of X and one of Y are added up.

That counts twice what several dimensions tell together: determinants of the blocks are needed.
"""


def gaussian_information(covariance, n_x):
    scale = covariance.diagonal().sqrt()
    correlation = covariance / scale / scale[:, None]
    return -0.5 * torch.log1p(-correlation[:n_x, n_x:].square()).sum()
