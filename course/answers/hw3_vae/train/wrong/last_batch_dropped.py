"""The last, smaller batch is left out.

Each epoch shows every image once, also those of a smaller batch.
"""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.Adam([*encoder.values(), *decoder.values()], lr=learning_rate)
    n_latent = decoder["hidden_weight"].shape[1]
    for _ in range(n_epochs):
        for rows in [
            r for r in torch.randperm(len(x)).split(batch_size) if len(r) == batch_size or len(x) < batch_size
        ]:
            noise = torch.randn(1, len(rows), n_latent, dtype=x.dtype)
            loss = -vae_elbo(encoder, decoder, x[rows], noise).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return tuple({name: tensor.detach() for name, tensor in network.items()} for network in (encoder, decoder))
