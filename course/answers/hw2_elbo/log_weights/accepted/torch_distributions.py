"""With torch.distributions."""


def log_weights(x, mean, log_scale, noise, weight, bias):
    q = torch.distributions.Normal(mean, log_scale.exp())
    z = q.loc + q.scale * noise
    prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    pixels = torch.distributions.Bernoulli(logits=torch.einsum("knl,dl->knd", z, weight) + bias)
    return (prior.log_prob(z) - q.log_prob(z)).sum(-1) + pixels.log_prob(x.expand(len(noise), -1, -1)).sum(-1)
