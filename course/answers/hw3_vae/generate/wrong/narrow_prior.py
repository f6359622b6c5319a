"""z is drawn from a narrower Gaussian than the prior.

It makes prettier pictures, but they are no samples of the model.
"""


def generate(decoder, n_images):
    z = 0.7 * torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
