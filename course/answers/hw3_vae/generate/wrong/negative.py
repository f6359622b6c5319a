"""A pixel is 1 where it should be 0.

u < p happens with probability p; u > p with 1 - p.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.sigmoid(mlp(decoder, z))
    return (torch.rand_like(probabilities) > probabilities).to(probabilities.dtype), probabilities
