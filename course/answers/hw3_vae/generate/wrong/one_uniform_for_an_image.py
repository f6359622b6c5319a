"""One random number decides all pixels of an image.

Given z, pixels are independent: one random number for each.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return (torch.rand(n_images, 1, dtype=probabilities.dtype) < probabilities).to(probabilities.dtype), probabilities
