"""The entry of z itself is changed.

Each image needs a copy of z: z.clone(), or z.repeat.
"""


def traverse(decoder, z, dimension, values):
    images = []
    for value in values:
        z[dimension] = value
        images.append(torch.sigmoid(mlp(decoder, z)))
    return torch.stack(images)
