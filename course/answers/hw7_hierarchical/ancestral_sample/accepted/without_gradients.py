"""No gradient is kept: the samples are asked for, not their derivatives."""


@torch.no_grad()
def ancestral_sample(model, noise, fixed):
    layers = list(noise)
    for l in range(len(noise), 0, -1):
        if fixed[l - 1] is not None:
            layers[l - 1] = fixed[l - 1].clone()
        elif l < len(noise):
            mean, log_scale = conditional(model, l, layers[l])
            layers[l - 1] = torch.addcmul(mean, log_scale.exp(), noise[l - 1])
    return tuple(layers)
