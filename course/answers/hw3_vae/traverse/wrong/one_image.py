"""Only the last value's image is returned.

One row for each value.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values
    return torch.sigmoid(mlp(decoder, moved))[-1:]
