"""The sum over latents is averaged over images.

Each image has a KL of its own.
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1).mean().expand(len(mean))
