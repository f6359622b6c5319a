"""The logits are clipped and taken for probabilities.

Their sigmoid is the probability.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = mlp(decoder, z).clamp(0, 1)
    return torch.bernoulli(probabilities), probabilities
