"""All images share one z.

Draw a z for each image.
"""


def generate(decoder, n_images):
    z = torch.randn(1, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype).expand(n_images, -1)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
