"""Fixed values are used as noise.

A fixed layer has these values, whatever is above it.
"""


def ancestral_sample(model, noise, fixed):
    noise = [e if value is None else value for e, value in zip(noise, fixed)]
    layers = [noise[-1]]
    for l in range(len(noise) - 1, 0, -1):
        mean, log_scale = conditional(model, l, layers[0])
        layers.insert(0, mean + log_scale.exp() * noise[l - 1])
    return tuple(layers)
