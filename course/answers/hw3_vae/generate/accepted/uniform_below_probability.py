"""Uniform numbers compared with the probabilities, which are drawn first."""


def generate(decoder, n_images):
    weight = decoder["hidden_weight"]
    uniform = torch.rand(n_images, len(decoder["output_bias"]), dtype=weight.dtype)
    probabilities = torch.sigmoid(mlp(decoder, torch.randn(n_images, weight.shape[1]).to(weight.dtype)))
    return (uniform < probabilities).to(weight.dtype), probabilities
