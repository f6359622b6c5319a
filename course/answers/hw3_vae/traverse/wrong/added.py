"""The values are added to the entry.

The entry is set to each value.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] += values
    return torch.sigmoid(mlp(decoder, moved))
