"""The parts before and after are put together."""


def traverse(decoder, z, dimension, values):
    m = len(values)
    before, after = z[:dimension].expand(m, -1), z[dimension + 1 :].expand(m, -1)
    return mlp(decoder, torch.cat([before, values[:, None], after], dim=1)).sigmoid()
