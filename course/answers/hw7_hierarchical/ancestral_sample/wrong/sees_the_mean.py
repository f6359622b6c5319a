"""A layer sees the mean of the layer above, not its sample.

Ancestral sampling passes samples down: the noise of a layer is felt in all that are below.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), [None] * len(noise)
    above = None
    for l in range(n_layers, 0, -1):
        if l == n_layers:
            mean, log_scale = torch.zeros_like(noise[-1]), torch.zeros_like(noise[-1])
            drawn = noise[-1]
            mean = drawn
        else:
            mean, log_scale = conditional(model, l, above)
            drawn = mean + log_scale.exp() * noise[l - 1]
        layers[l - 1] = drawn if fixed[l - 1] is None else fixed[l - 1]
        above = mean if fixed[l - 1] is None else fixed[l - 1]
    return tuple(layers)
