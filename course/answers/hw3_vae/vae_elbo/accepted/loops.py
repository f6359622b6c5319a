"""A loop over images and samples, with torch.distributions."""


def vae_elbo(encoder, decoder, x, noise):
    bounds = []
    for i, image in enumerate(x):
        mean, log_scale = mlp(encoder, image).chunk(2)
        q = torch.distributions.Normal(mean, log_scale.exp())
        terms = []
        for epsilon in noise[:, i]:
            pixels = torch.distributions.Bernoulli(logits=mlp(decoder, q.mean + q.stddev * epsilon))
            terms.append(pixels.log_prob(image).sum())
        prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
        bounds.append(torch.stack(terms).mean() - torch.distributions.kl_divergence(q, prior).sum())
    return torch.stack(bounds)
