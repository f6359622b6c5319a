"""At alpha = 1 the logarithm of the mean weight comes back.

That is alpha = 0. At 1 it is the mean of the logarithms.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
    return (torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / (1 - alpha)
