"""The top layer is asked for a conditional too.

There is nothing above the top layer: it is drawn from N(0, I).
"""


def ancestral_sample(model, noise, fixed):
    layers = [torch.zeros_like(noise[-1])]
    for l in range(len(noise), 0, -1):
        mean, log_scale = conditional(model, l, layers[0])
        z = mean + log_scale.exp() * noise[l - 1]
        layers.insert(0, z if fixed[l - 1] is None else fixed[l - 1])
    return tuple(layers[:-1])
