"""A NumPy array is returned.

Return a torch tensor.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values
    return torch.sigmoid(mlp(decoder, moved)).numpy()
