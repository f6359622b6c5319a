"""The mean is over the examples, one value for each sample comes back.

Samples are in the first dimension, and they are what is averaged.
"""


def iwae(log_w):
    return torch.logsumexp(log_w, dim=1) - math.log(log_w.shape[1])
