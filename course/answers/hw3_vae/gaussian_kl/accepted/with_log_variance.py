"""Written with the log-variance."""


def gaussian_kl(mean, log_scale):
    log_variance = 2 * log_scale
    return -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp(), dim=1)
