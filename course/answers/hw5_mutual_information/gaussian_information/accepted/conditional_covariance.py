"""H(X) - H(X|Y), with the Schur complement."""


def gaussian_information(covariance, n_x):
    wide = covariance.double()
    xx, xy, yy = wide[:n_x, :n_x], wide[:n_x, n_x:], wide[n_x:, n_x:]
    left = xx - xy @ torch.linalg.solve(yy, xy.T)
    return (0.5 * (torch.slogdet(xx)[1] - torch.slogdet(left)[1])).to(covariance.dtype)
