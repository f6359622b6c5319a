"""The mean is over the examples.

Samples are in the first dimension.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean(dim=1)
    return (torch.logsumexp((1 - alpha) * log_w, dim=1) - math.log(log_w.shape[1])) / (1 - alpha)
