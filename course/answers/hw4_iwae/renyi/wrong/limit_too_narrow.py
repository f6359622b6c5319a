"""The limit is taken in too narrow a range.

It is what counts wherever alpha is within 1e-6 of 1.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-8:
        return log_w.mean(dim=0)
    return (torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / (1 - alpha)
