"""The logarithms are averaged with the normalized weights.

That is the expectation of ln w under another distribution, not ln of the mean weight.
"""


def iwae(log_w):
    return (torch.softmax(log_w, dim=0) * log_w.clamp_min(-1e30)).sum(dim=0)
