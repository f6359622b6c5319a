"""Fixed layers are drawn all the same.

Where fixed has a tensor, the layer is that tensor.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), [None] * len(noise)
    for l in range(n_layers, 0, -1):
        if l == n_layers:
            layers[l - 1] = noise[l - 1]
        else:
            mean, log_scale = conditional(model, l, layers[l])
            layers[l - 1] = mean + log_scale.exp() * noise[l - 1]
    return tuple(layers)
