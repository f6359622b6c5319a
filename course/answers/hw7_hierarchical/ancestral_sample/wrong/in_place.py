"""The noise is scaled and shifted in place: the caller's tensors are changed.

Methods that end in an underscore write into the tensor itself.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), [None] * len(noise)
    for l in range(n_layers, 0, -1):
        if fixed[l - 1] is not None:
            layers[l - 1] = fixed[l - 1]
        elif l == n_layers:
            layers[l - 1] = noise[l - 1]
        else:
            mean, log_scale = conditional(model, l, layers[l])
            layers[l - 1] = noise[l - 1].mul_(log_scale.exp()).add_(mean)
    return tuple(layers)
