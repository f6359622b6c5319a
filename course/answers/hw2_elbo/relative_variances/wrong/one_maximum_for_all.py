"""One maximum is taken out for the whole batch.

Examples that are much less probable fall to 0. Take it out for each example.
"""


def relative_variances(x, mean, log_scale, noise, noise_scale):
    z = mean + log_scale.exp() * noise
    naive = log_normal(x, noise, math.log(noise_scale))
    importance = log_normal(z, 0.0, 0.0) + log_normal(x, z, math.log(noise_scale)) - log_normal(z, mean, log_scale)
    return tuple(((log_w - log_w.max()).exp() / (log_w - log_w.max()).exp().mean(dim=0) - 1).square().mean(dim=0) for log_w in (naive, importance))
