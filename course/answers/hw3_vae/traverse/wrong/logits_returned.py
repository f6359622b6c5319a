"""Logits are returned.

Return probabilities: their sigmoid.
"""


def traverse(decoder, z, dimension, values):
    moved = z.repeat(len(values), 1)  # (m, l)
    moved[:, dimension] = values
    return mlp(decoder, moved)
