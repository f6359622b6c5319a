"""The weights are computed as numbers before they are divided by their mean.

In many dimensions that is 0 / 0.
"""


def relative_variances(x, mean, log_scale, noise, noise_scale):
    z = mean + log_scale.exp() * noise
    naive = log_normal(x, noise, math.log(noise_scale))
    importance = log_normal(z, 0.0, 0.0) + log_normal(x, z, math.log(noise_scale)) - log_normal(z, mean, log_scale)
    return tuple((log_w.exp() / log_w.exp().mean(dim=0) - 1).square().mean(dim=0) for log_w in (naive, importance))
