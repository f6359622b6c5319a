"""A loop over outputs, each with a network of its own."""


def masked_network(z, order, known, W, c, V, d):
    columns = []
    for i in range(len(order)):
        total = d[i].expand(z.shape[:-1])
        for h in range(len(known)):
            if known[h] >= order[i]:
                continue
            unit = c[h].expand(z.shape[:-1])
            for e in range(len(order)):
                if order[e] <= known[h]:
                    unit = unit + W[h, e] * z[..., e]
            total = total + V[i, h] * torch.tanh(unit)
        columns.append(total)
    return torch.stack(columns, dim=-1)
