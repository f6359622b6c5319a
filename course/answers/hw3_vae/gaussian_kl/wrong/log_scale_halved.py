"""ln sigma is halved with the rest.

(1/2) ln sigma^2 is ln sigma: the half is used up.
"""


def gaussian_kl(mean, log_scale):
    return 0.5 * ((2 * log_scale).exp() + mean.square() - 1 - log_scale).sum(dim=-1)
