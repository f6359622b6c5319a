"""The images come from another z than the probabilities.

Draw the pixels from the probabilities that you return.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    other = torch.sigmoid(mlp(decoder, torch.randn_like(z)))
    return torch.bernoulli(other), probabilities
