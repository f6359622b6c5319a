"""All images of a batch share their noise.

The noise has a row for each image: (1, len(rows), l).
"""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.Adam([*encoder.values(), *decoder.values()], lr=learning_rate)
    n_latent = decoder["hidden_weight"].shape[1]
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            noise = torch.randn(1, 1, n_latent, dtype=x.dtype).expand(1, len(rows), n_latent)
            loss = -vae_elbo(encoder, decoder, x[rows], noise).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return tuple({name: tensor.detach() for name, tensor in network.items()} for network in (encoder, decoder))
