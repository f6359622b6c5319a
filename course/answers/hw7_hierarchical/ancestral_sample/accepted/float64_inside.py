"""In float64 inside."""


def ancestral_sample(model, noise, fixed):
    wide = {name: tensor.double() for name, tensor in model.items()}
    layers = []
    for l in reversed(range(len(noise))):
        z = noise[l].double()
        if layers:
            mean, log_scale = conditional(wide, l + 1, layers[-1])
            z = mean + z * torch.exp(log_scale)
        layers.append(z if fixed[l] is None else fixed[l].double())
    return tuple(layer.to(noise[0].dtype) for layer in reversed(layers))
