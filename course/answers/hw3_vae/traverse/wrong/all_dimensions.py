"""All latents are set to the value.

Only the one dimension moves.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:] = values[:, None]
    return torch.sigmoid(mlp(decoder, moved))
