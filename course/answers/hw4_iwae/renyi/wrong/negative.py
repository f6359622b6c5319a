"""The negative bound comes back, as for a loss.

Bounds are to be maximized here.
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return -log_w.mean(dim=0)
    return -(torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / (1 - alpha)
