"""Loops over images and samples, with torch.distributions."""


def impute(encoder, decoder, x, fill, noise):
    result = x.clone()
    for i in range(len(x)):
        seen = ~torch.isnan(x[i])
        filled = torch.where(seen, x[i], fill)
        mean, log_scale = mlp(encoder, filled).chunk(2)
        q = torch.distributions.Normal(mean, log_scale.exp())
        prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
        log_weights, pictures = [], []
        for k in range(len(noise)):
            z = q.mean + q.stddev * noise[k, i]
            pixels = torch.distributions.Bernoulli(logits=mlp(decoder, z))
            log_weights.append(
                pixels.log_prob(filled.round())[seen].sum() + prior.log_prob(z).sum() - q.log_prob(z).sum()
            )
            pictures.append(pixels.probs)
        shares = torch.softmax(torch.stack(log_weights), dim=0)
        result[i, ~seen] = (shares @ torch.stack(pictures))[~seen]
    return result
