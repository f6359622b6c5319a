"""The result is in bits.

Nats: natural logarithms, undivided.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1) / math.log(2)
