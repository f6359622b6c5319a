"""ln K is subtracted after the factor.

It belongs to the mean, inside the bracket.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean(dim=0)
    return torch.logsumexp((1 - alpha) * log_w, dim=0) / (1 - alpha) - math.log(len(log_w))
