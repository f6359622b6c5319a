"""Loops over noises and examples."""


def uniform_bound(x, noise, model, n_levels):
    result = []
    for i in range(len(x)):
        total = 0
        for u in noise[:, i]:
            total = total + log_density((x[i] + u) / n_levels, model) - len(u) * math.log(n_levels)
        result.append(total / len(noise))
    return torch.stack(result)
