"""Dimensions are counted from 1.

In the code they are counted from 0.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension - 1] = values
    return torch.sigmoid(mlp(decoder, moved))
