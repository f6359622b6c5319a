"""It is twice the KL.

All of sigma^2 + mean^2 - 1 - ln sigma^2 is halved.
"""


def gaussian_kl(mean, log_scale):
    return ((2 * log_scale).exp() + mean.square() - 1 - 2 * log_scale).sum(dim=-1)
