"""All latents of an image are the same number.

Draw each entry of z.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, 1, dtype=decoder["hidden_weight"].dtype).expand(-1, decoder["hidden_weight"].shape[1])
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
