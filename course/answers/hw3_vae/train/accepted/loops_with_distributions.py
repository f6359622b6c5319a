"""The bound written inside, with torch.distributions, batches by index."""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.detach().clone() for name, tensor in encoder.items()}
    decoder = {name: tensor.detach().clone() for name, tensor in decoder.items()}
    parameters = list(encoder.values()) + list(decoder.values())
    for parameter in parameters:
        parameter.requires_grad_(True)
    adam = torch.optim.Adam(parameters, learning_rate)
    for epoch in range(n_epochs):
        shuffled = x[torch.randperm(len(x))]
        for first in range(0, len(x), batch_size):
            batch = shuffled[first : first + batch_size]
            mean, log_scale = mlp(encoder, batch).chunk(2, dim=1)
            q = torch.distributions.Normal(mean, log_scale.exp())
            pixels = torch.distributions.Bernoulli(logits=mlp(decoder, q.rsample()))
            prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
            bound = pixels.log_prob(batch).sum(dim=1) - torch.distributions.kl_divergence(q, prior).sum(dim=1)
            adam.zero_grad()
            (-bound.mean()).backward()
            adam.step()
    return {k: v.detach() for k, v in encoder.items()}, {k: v.detach() for k, v in decoder.items()}
