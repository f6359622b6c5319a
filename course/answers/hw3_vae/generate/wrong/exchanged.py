"""Probabilities and images are returned in the wrong order.

Images first.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return probabilities, torch.bernoulli(probabilities)
