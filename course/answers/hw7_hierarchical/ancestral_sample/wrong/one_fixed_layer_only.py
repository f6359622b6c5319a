"""Only the topmost fixed layer counts.

Several layers can be fixed at once: ask each whether it is.
"""


def ancestral_sample(model, noise, fixed):
    n_layers, layers, found = len(noise), [None] * len(noise), False
    for l in range(n_layers, 0, -1):
        if fixed[l - 1] is not None and not found:
            layers[l - 1], found = fixed[l - 1], True
        elif l == n_layers:
            layers[l - 1] = noise[l - 1]
        else:
            mean, log_scale = conditional(model, l, layers[l])
            layers[l - 1] = mean + log_scale.exp() * noise[l - 1]
    return tuple(layers)
