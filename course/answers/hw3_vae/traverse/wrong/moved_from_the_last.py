"""Each image starts from the one before, by adding.

Set the entry; do not add up.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = z[dimension] + values.cumsum(dim=0)
    return torch.sigmoid(mlp(decoder, moved))
