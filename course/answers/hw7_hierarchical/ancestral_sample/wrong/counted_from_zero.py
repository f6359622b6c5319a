"""Layers are counted from 0 in the call of conditional.

conditional(model, l, above) counts as the text does, from 1: layer l stands at entry l - 1 of a tuple.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), [None] * len(noise)
    for l in range(n_layers, 0, -1):
        if fixed[l - 1] is not None:
            layers[l - 1] = fixed[l - 1]
        elif l == n_layers:
            layers[l - 1] = noise[l - 1]
        else:
            mean, log_scale = conditional(model, l - 1, layers[l])
            layers[l - 1] = mean + log_scale.exp() * noise[l - 1]
    return tuple(layers)
