"""A loop over images, with torch.distributions."""


def generate(decoder, n_images):
    images, probabilities = [], []
    like = decoder["hidden_weight"][0]
    for _ in range(n_images):
        z = torch.distributions.Normal(torch.zeros_like(like), torch.ones_like(like)).sample()
        pixels = torch.distributions.Bernoulli(logits=mlp(decoder, z))
        images.append(pixels.sample())
        probabilities.append(pixels.probs)
    return torch.stack(images), torch.stack(probabilities)
