"""The pixels compete in a softmax.

Sigmoid, pixel by pixel.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values
    return torch.softmax(mlp(decoder, moved), dim=-1)
