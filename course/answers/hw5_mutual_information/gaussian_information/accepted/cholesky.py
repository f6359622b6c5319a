"""By the diagonals of Cholesky factors."""


def gaussian_information(covariance, n_x):
    half_log_det = lambda part: torch.linalg.cholesky(part).diagonal().log().sum()
    return half_log_det(covariance[:n_x, :n_x]) + half_log_det(covariance[n_x:, n_x:]) - half_log_det(covariance)
