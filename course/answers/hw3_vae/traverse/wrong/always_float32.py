"""The result is always float32.

Keep the dtype of z.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values
    return torch.sigmoid(mlp(decoder, moved)).float()
