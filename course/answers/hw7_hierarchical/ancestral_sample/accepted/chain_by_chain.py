"""Loops over chains, and a list comes back."""


def ancestral_sample(model, noise, fixed):
    chains = []
    for i in range(len(noise[0])):
        z = {}
        for l in range(len(noise), 0, -1):
            if fixed[l - 1] is not None:
                z[l] = fixed[l - 1][i]
            elif l == len(noise):
                z[l] = noise[l - 1][i]
            else:
                mean, log_scale = conditional(model, l, z[l + 1])
                z[l] = mean + torch.exp(log_scale) * noise[l - 1][i]
        chains.append(z)
    return [torch.stack([z[l] for z in chains]) for l in range(1, len(noise) + 1)]
