"""The pixels are drawn from the sigmoid of the probabilities.

The sigmoid is applied once, to the logits.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(torch.sigmoid(probabilities)), probabilities
