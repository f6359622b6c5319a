"""All images share the random numbers of their pixels.

Given their z, images are independent: one random number for each pixel of each image.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return (torch.rand(1, probabilities.shape[1], dtype=probabilities.dtype) < probabilities).to(
        probabilities.dtype
    ), probabilities
