"""z has as many entries as there are pixels.

The number of latents is the number of columns of decoder["hidden_weight"].
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, len(decoder["output_bias"]), dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
