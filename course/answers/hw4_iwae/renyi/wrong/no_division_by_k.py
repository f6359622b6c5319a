"""The sum is taken, not the mean.

Subtract ln K inside, before the factor.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean(dim=0)
    return torch.logsumexp((1 - alpha) * log_w, dim=0) / (1 - alpha)
