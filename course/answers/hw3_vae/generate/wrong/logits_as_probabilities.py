"""Logits are handed to torch.bernoulli.

It takes probabilities: sigmoid first.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = mlp(decoder, z)
    return torch.bernoulli(probabilities), probabilities
