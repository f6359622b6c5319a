"""Fresh noise is drawn, and the given one ignored.

Use the noise that you are given: only so can the result be checked.
"""


def log_weights(x, mean, log_scale, noise, weight, bias):
    z = mean + log_scale.exp() * torch.randn(noise.shape, generator=torch.Generator().manual_seed(0), dtype=noise.dtype)
    log_joint = log_normal(z, 0.0, 0.0) + log_likelihood(x, z, weight, bias)
    return log_joint - log_normal(z, mean, log_scale)
