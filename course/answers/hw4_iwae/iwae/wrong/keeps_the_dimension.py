"""The samples' dimension is kept: (1, batch) comes back.

One value for each example, a tensor (batch,).
"""


def iwae(log_w):
    return torch.logsumexp(log_w, dim=0, keepdim=True) - math.log(len(log_w))
