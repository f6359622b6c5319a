"""The gradient with respect to log_scale is cut off.

math.exp(log_scale), .item() and float() leave the graph: sigma cannot be learned then.
"""


def gaussian_reconstruction(means, log_scale, x):
    log_scale = log_scale.detach()
    whitened = (x - means) / log_scale.exp()
    return -(0.5 * whitened.square() + log_scale + 0.5 * math.log(2 * math.pi)).sum(dim=-1)
