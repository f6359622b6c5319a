"""Always the first latent moves.

Use the argument dimension.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, 0] = values
    return torch.sigmoid(mlp(decoder, moved))
