"""Only a shared scale is handled.

log_scale may be (d,): let broadcasting do it, and sum over pixels at the end.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / log_scale.exp()  # (k, n, d)
    return -(0.5 * whitened.square() + 0.5 * math.log(2 * math.pi)).sum(dim=-1) - x.shape[1] * log_scale
