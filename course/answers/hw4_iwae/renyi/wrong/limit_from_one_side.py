"""The limit is taken where 1 - alpha is below 1e-6, and so for every alpha above 1.

Compare the absolute value of 1 - alpha.
"""


def renyi(log_w, alpha):
    if 1 - alpha < 1e-6:
        return log_w.mean(dim=0)
    return (torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / (1 - alpha)
