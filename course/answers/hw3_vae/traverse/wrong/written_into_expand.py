"""The value is written into an expanded z, whose rows are one and the same.

expand makes no copy; write into z.repeat(len(values), 1) or a clone.
"""


def traverse(decoder, z, dimension, values):
    moved = z.expand(len(values), len(z))
    moved[:, dimension] = values
    return torch.sigmoid(mlp(decoder, moved))
