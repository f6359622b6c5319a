"""A seed is set inside the function.

Then every call gives the same images.
"""


def generate(decoder, n_images):
    torch.manual_seed(0)
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
