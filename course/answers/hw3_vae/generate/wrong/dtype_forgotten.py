"""z is drawn in float32, whatever the decoder's dtype.

torch.randn(..., dtype=decoder['hidden_weight'].dtype).
"""


def generate(decoder, n_images):
    z = torch.randn(n_images, decoder["hidden_weight"].shape[1])
    probabilities = torch.sigmoid(mlp(decoder, z))
    return torch.bernoulli(probabilities), probabilities
