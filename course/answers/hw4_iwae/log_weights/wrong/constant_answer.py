"""A constant is returned.

A log weight depends on x, on the parameters and on the noise.
"""


def log_weights(x, W, b, mean, log_scale, noise):
    return torch.full(noise.shape[:2], 100.0, dtype=x.dtype)
