"""z is uniform, with mean 0 and variance 1.

Mean and variance are right, the distribution is not: torch.randn.
"""


def generate(decoder, n_images):
    z = math.sqrt(3) * (
        2 * torch.rand(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype) - 1
    )
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
