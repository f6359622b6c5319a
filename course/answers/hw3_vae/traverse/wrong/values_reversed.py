"""The values are taken in the reverse order.

Row j belongs to values[j].
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values.flip(0)
    return torch.sigmoid(mlp(decoder, moved))
