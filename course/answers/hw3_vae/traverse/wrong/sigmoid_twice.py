"""The sigmoid is applied twice.

Once, to the logits.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values
    return torch.sigmoid(torch.sigmoid(mlp(decoder, moved)))
