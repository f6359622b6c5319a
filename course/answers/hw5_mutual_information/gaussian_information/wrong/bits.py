"""The information is in bits.

Natural logarithms: nats.
"""


def gaussian_information(covariance, n_x):
    log_dets = torch.logdet(covariance[:n_x, :n_x]) + torch.logdet(covariance[n_x:, n_x:]) - torch.logdet(covariance)
    return 0.5 * log_dets / math.log(2)
