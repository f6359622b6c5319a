"""The factor 1 / (1 - alpha) is missing.

It undoes the power: where all weights are equal, the bound is their logarithm.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean(dim=0)
    return torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))
