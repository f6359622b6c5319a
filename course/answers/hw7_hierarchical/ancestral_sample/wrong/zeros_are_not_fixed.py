"""Values that are all 0 are taken for none.

Ask whether the entry is None: a tensor of zeros is a value like any other.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers = len(noise), [None] * len(noise)
    for l in range(n_layers, 0, -1):
        if fixed[l - 1] is not None and bool(fixed[l - 1].any()):
            layers[l - 1] = fixed[l - 1]
        elif l == n_layers:
            layers[l - 1] = noise[l - 1]
        else:
            mean, log_scale = conditional(model, l, layers[l])
            layers[l - 1] = mean + log_scale.exp() * noise[l - 1]
    return tuple(layers)
