"""A tensor of one entry comes back: shape (1,).

One number is asked for: a tensor of shape ().
"""


def gaussian_information(covariance, n_x):
    log_dets = torch.logdet(covariance[:n_x, :n_x]) + torch.logdet(covariance[n_x:, n_x:]) - torch.logdet(covariance)
    return 0.5 * log_dets[None]
