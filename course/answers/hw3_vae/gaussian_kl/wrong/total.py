"""One number for all images.

Each image has a KL of its own: sum over latent dimensions alone.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum()
