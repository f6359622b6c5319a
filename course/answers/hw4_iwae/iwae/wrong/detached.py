"""The result is cut off from log_w.

The bound is climbed by its gradient: use torch operations all the way.
"""


def iwae(log_w):
    return (torch.logsumexp(log_w, dim=0) - math.log(len(log_w))).detach()
