"""Pixels are drawn.

Return the probabilities, without noise.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values
    return torch.bernoulli(torch.sigmoid(mlp(decoder, moved)), generator=torch.Generator().manual_seed(0))
