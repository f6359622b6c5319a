"""The images are booleans.

Return zeros and ones of the decoder's dtype.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.rand_like(probabilities) < probabilities, probabilities
