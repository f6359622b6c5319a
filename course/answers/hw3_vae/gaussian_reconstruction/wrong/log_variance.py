"""log_scale is taken for a log-variance.

Here it is ln sigma.
"""


def gaussian_reconstruction(means, log_scale, x):
    whitened = (x - means) / (0.5 * log_scale).exp()
    return -0.5 * (whitened.square() + log_scale + math.log(2 * math.pi)).sum(dim=-1)
