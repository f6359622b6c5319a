"""A loop over values."""


def traverse(decoder, z, dimension, values):
    images = []
    for value in values:
        moved = z.clone()
        moved[dimension] = value
        images.append(torch.sigmoid(mlp(decoder, moved)))
    return torch.stack(images)
