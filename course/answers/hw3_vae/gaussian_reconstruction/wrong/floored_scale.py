"""sigma is kept above a floor.

A floor changes the value, and stops the gradient below it.
"""


def gaussian_reconstruction(means, log_scale, x):
    log_scale = log_scale.clamp_min(math.log(1e-6))
    whitened = (x - means) / log_scale.exp()
    return -(0.5 * whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
