"""z is 0, the mean of the prior.

Then all images come from the same z. Draw it.
"""


def generate(decoder, n_images):
    z = torch.zeros(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
