"""It is the KL from the prior to q.

KL(q || p) is the mean of ln q - ln p under q. The other one divides by the variance of q.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((1 + mean.square()) / (2 * log_scale).exp() - 1) + log_scale).sum(dim=-1)
