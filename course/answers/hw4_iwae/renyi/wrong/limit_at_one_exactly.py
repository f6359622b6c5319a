"""The limit is taken only at alpha = 1 exactly.

At 1 + 1e-10 the formula divides rounding error by 1e-10. Compare |1 - alpha| with a small number.
"""


def renyi(log_w, alpha):
    if alpha == 1:
        return log_w.mean(dim=0)
    return (torch.logsumexp((1 - alpha) * log_w, dim=0) - math.log(len(log_w))) / (1 - alpha)
