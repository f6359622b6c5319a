"""The factor is 1 / (alpha - 1), as in the divergence.

The Rényi divergence has that factor; the bound has 1 / (1 - alpha).
"""


def renyi(log_w, alpha):
    if abs(1 - alpha) < 1e-6:
        return log_w.mean(dim=0)
    return (torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / (alpha - 1)
