"""A layer is drawn given the noise of the layer above, not its sample.

The conditional sees z of the layer above, as it was drawn.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), [None] * len(noise)
    for l in range(n_layers, 0, -1):
        if fixed[l - 1] is not None:
            layers[l - 1] = fixed[l - 1]
        elif l == n_layers:
            layers[l - 1] = noise[l - 1]
        else:
            above = noise[l] if fixed[l] is None else fixed[l]
            mean, log_scale = conditional(model, l, above)
            layers[l - 1] = mean + log_scale.exp() * noise[l - 1]
    return tuple(layers)
