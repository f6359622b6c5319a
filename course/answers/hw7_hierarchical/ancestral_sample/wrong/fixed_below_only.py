"""The layers below see the fixed values, but the drawn ones are returned.

The fixed layer itself has the fixed values.
"""


def ancestral_sample(model, noise, fixed):
    drawn, above = [noise[-1]], noise[-1] if fixed[-1] is None else fixed[-1]
    for l in range(len(noise) - 1, 0, -1):
        mean, log_scale = conditional(model, l, above)
        drawn.insert(0, mean + log_scale.exp() * noise[l - 1])
        above = drawn[0] if fixed[l - 1] is None else fixed[l - 1]
    return tuple(drawn)
