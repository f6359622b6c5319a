"""The top layer is drawn even where it is fixed.

Ask first whether the layer is fixed, then whether it is the top.
"""


def ancestral_sample(model, noise, fixed):
    layers = [noise[-1]]
    for l in range(len(noise) - 1, 0, -1):
        if fixed[l - 1] is not None:
            layers.insert(0, fixed[l - 1])
            continue
        mean, log_scale = conditional(model, l, layers[0])
        layers.insert(0, mean + log_scale.exp() * noise[l - 1])
    return tuple(layers)
