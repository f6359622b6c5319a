"""The power is alpha, not 1 - alpha.

At alpha = 0 it is the ordinary mean of the weights: the power is 1 - alpha.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean(dim=0)
    return (torch.logsumexp(alpha * log_w, dim=0) - math.log(len(log_w))) / (1 - alpha)
