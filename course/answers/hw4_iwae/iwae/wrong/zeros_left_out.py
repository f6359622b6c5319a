"""Weights of 0 are left out of the count.

A sample of weight 0 was drawn all the same: it is among the K.
"""


def iwae(log_w):
    return torch.logsumexp(log_w, dim=0) - torch.isfinite(log_w).sum(dim=0).to(log_w.dtype).log()
