"""The constant of one entropy is left over.

2 pi e cancels: n_x + n_y dimensions stand on both sides.
"""


def gaussian_information(covariance, n_x):
    log_dets = torch.logdet(covariance[:n_x, :n_x]) + torch.logdet(covariance[n_x:, n_x:]) - torch.logdet(covariance)
    return 0.5 * log_dets + 0.5 * math.log(2 * math.pi * math.e)
