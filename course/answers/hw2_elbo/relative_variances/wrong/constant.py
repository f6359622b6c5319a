"""Constants are returned.

Both depend on the samples.
"""


def relative_variances(x, mean, log_scale, noise, noise_scale):
    return torch.ones(len(x), dtype=x.dtype), torch.zeros(len(x), dtype=x.dtype)
