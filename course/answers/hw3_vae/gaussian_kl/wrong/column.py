"""A column (n, 1) is returned.

keepdim=True keeps the summed axis; the result is (n,).
"""


def gaussian_kl(mean, log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square() - 1) - log_scale).sum(dim=-1, keepdim=True)
