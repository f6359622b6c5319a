"""The samples are taken to be the second axis.

The first axis: one value for each example.
"""


def relative_variances(x, mean, log_scale, noise, noise_scale):
    z = mean + log_scale.exp() * noise
    naive = log_normal(x, noise, math.log(noise_scale))
    importance = log_normal(z, 0.0, 0.0) + log_normal(x, z, math.log(noise_scale)) - log_normal(z, mean, log_scale)
    return tuple((log_w.shape[1] * log_w.softmax(dim=1) - 1).square().mean(dim=1) for log_w in (naive, importance))
