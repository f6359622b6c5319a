"""The negative bound comes back, as for a loss.

The bound is to be maximized; whoever minimizes changes the sign himself.
"""


def iwae(log_w):
    return math.log(len(log_w)) - torch.logsumexp(log_w, dim=0)
