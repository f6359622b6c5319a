"""The bound is in bits.

Use natural logarithms everywhere: nats.
"""


def iwae(log_w):
    return (torch.logsumexp(log_w, dim=0) - math.log(len(log_w))) / math.log(2)
