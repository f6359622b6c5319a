"""The logarithm of the sum is divided by K.

K divides the weights' sum, within the logarithm: subtract ln K.
"""


def iwae(log_w):
    return torch.logsumexp(log_w, dim=0) / len(log_w)
