"""Pixels are rounded, not drawn.

x_d is 1 with its probability; rounding gives the most probable picture.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return (probabilities > 0.5).to(probabilities.dtype), probabilities
