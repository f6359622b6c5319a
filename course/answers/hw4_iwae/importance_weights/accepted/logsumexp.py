"""By logsumexp; the effective sample size as the exponential of a difference."""


def importance_weights(log_w):
    log_weights = log_w - torch.logsumexp(log_w, dim=0)
    return log_weights.exp(), (-torch.logsumexp(2 * log_weights, dim=0)).exp()
