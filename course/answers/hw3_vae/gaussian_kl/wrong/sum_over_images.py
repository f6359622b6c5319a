"""The sum is over images instead of latent dimensions.

mean is (n, l): the last axis holds the latent dimensions.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=0)
