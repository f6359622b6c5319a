"""The pixels compete in a softmax.

Each pixel is 0 or 1 for itself: sigmoid.
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1], dtype=decoder["hidden_weight"].dtype)
    probabilities = torch.softmax(mlp(decoder, z), dim=-1)
    return torch.bernoulli(probabilities), probabilities
