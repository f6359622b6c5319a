"""There is one image too many or too few.

n_images of them.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images + 1, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
