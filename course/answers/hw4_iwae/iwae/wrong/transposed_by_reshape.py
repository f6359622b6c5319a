"""The tensor is reshaped to (batch, K), which mixes samples and examples.

A reshape keeps the order of the numbers in memory; a transpose is what exchanges dimensions.
"""


def iwae(log_w):
    K, batch = log_w.shape
    return torch.logsumexp(log_w.reshape(batch, K), dim=1) - math.log(K)
