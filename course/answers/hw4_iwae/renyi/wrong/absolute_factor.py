"""The factor's sign is dropped.

For alpha above 1 both the power and the factor are negative.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean(dim=0)
    return (torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / abs(1 - alpha)
