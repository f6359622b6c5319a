"""The other latents are set to 0.

They stay as they are in z.
"""


def traverse(decoder, z, dimension, values):
    moved = torch.zeros(len(values), len(z), dtype=z.dtype)
    moved[:, dimension] = values
    return torch.sigmoid(mlp(decoder, moved))
