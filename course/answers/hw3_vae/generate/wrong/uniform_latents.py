"""z is uniform.

The prior is standard normal: torch.randn.
"""


def generate(decoder, n_images):
    z = torch.rand(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
