"""The sum of the weights is taken, not their mean.

ln (1/K) sum w: subtract ln K.
"""


def iwae(log_w):
    return torch.logsumexp(log_w, dim=0)
