"""The values are sorted first.

Row j belongs to values[j].
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values.sort().values
    return torch.sigmoid(mlp(decoder, moved))
