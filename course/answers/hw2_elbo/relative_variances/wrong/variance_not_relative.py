"""The variance is not divided by the squared mean.

In many dimensions it is 0 as a number. Divide the weights by their mean first.
"""


def relative_variances(x, mean, log_scale, noise, noise_scale):
    z = mean + log_scale.exp() * noise
    naive = log_normal(x, noise, math.log(noise_scale))
    importance = log_normal(z, 0.0, 0.0) + log_normal(x, z, math.log(noise_scale)) - log_normal(z, mean, log_scale)
    return tuple(log_w.exp().var(dim=0, correction=0) for log_w in (naive, importance))
