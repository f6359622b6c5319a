"""Samples and examples are averaged together.

One value for each example: the weights of different images have nothing to do with each other.
"""


def iwae(log_w):
    return (torch.logsumexp(log_w.flatten(), dim=0) - math.log(log_w.numel())).expand(log_w.shape[1])
