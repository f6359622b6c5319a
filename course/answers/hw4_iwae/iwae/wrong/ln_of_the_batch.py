"""ln of the number of examples is subtracted.

K is the number of samples, the size of the first dimension.
"""


def iwae(log_w):
    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[1])
