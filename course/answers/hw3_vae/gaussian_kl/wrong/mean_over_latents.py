"""Latent dimensions are averaged.

Nats of independent dimensions add.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).mean(dim=-1)
