"""Every layer is drawn given the top layer.

The chain is Markov: a layer sees the one just above it.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), [None] * len(noise)
    for l in range(n_layers, 0, -1):
        if fixed[l - 1] is not None:
            layers[l - 1] = fixed[l - 1]
        elif l == n_layers:
            layers[l - 1] = noise[l - 1]
        else:
            mean, log_scale = conditional(model, l, layers[-1])
            layers[l - 1] = mean + log_scale.exp() * noise[l - 1]
    return tuple(layers)
