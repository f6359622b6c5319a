"""The lowest layer is drawn even where it is fixed.

Any layer can be fixed, z_1 as well: the loop must ask so of every layer.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), [None] * len(noise)
    for l in range(n_layers, 0, -1):
        if fixed[l - 1] is not None and l > 1:
            layers[l - 1] = fixed[l - 1]
        elif l == n_layers:
            layers[l - 1] = noise[l - 1]
        else:
            mean, log_scale = conditional(model, l, layers[l])
            layers[l - 1] = mean + log_scale.exp() * noise[l - 1]
    return tuple(layers)
