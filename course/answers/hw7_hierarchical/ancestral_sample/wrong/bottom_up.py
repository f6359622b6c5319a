"""The layers are drawn from the bottom up.

The top layer has no parents: it is drawn first. Every other needs the one above it.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), []
    for l in range(1, n_layers + 1):
        if fixed[l - 1] is not None:
            layers.append(fixed[l - 1])
        elif l == 1:
            layers.append(noise[0])
        else:
            mean, log_scale = conditional(model, l - 1, layers[-1])
            layers.append(mean + log_scale.exp() * noise[l - 1])
    return tuple(layers)
