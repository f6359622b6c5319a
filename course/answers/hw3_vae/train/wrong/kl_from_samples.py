"""The KL is estimated from the samples.

ln q(z) - ln p(z) at one z has the right mean, but is noisy; the bound of section 4 has the formula.
"""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.Adam([*encoder.values(), *decoder.values()], lr=learning_rate)
    n_latent = decoder["hidden_weight"].shape[1]
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            noise = torch.randn(1, len(rows), n_latent, dtype=x.dtype)
            mean, log_scale = mlp(encoder, x[rows]).chunk(2, dim=-1)
            z = mean + log_scale.exp() * noise[0]
            logits = mlp(decoder, z)
            reconstruction = (x[rows] * logits - torch.nn.functional.softplus(logits)).sum(dim=-1)
            kl = (0.5 * (z.square() - noise[0].square()) - log_scale).sum(dim=-1)
            loss = -(reconstruction - kl).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return tuple({name: tensor.detach() for name, tensor in network.items()} for network in (encoder, decoder))
