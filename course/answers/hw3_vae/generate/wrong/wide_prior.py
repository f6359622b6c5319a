"""z is drawn from a wider Gaussian than the prior.

The prior has standard deviation 1.
"""


def generate(decoder, n_images):
    z = 2 * torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
