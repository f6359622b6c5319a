"""Every layer is given the noise of the layer above.

Layer l has noise of its own, entry l - 1 of the tuple.
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
            layers[l - 1] = mean + log_scale.exp() * noise[l]
    return tuple(layers)
