"""Extreme values of z are clipped.

The prior has tails.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    z = z.clamp(-2, 2)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
