"""Each batch is drawn from all images, with replacement.

Then an epoch shows some images twice and some not at all. Cut one random order into batches.
"""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.Adam([*encoder.values(), *decoder.values()], lr=learning_rate)
    n_latent = decoder["hidden_weight"].shape[1]
    for _ in range(n_epochs):
        for batch in torch.arange(len(x)).split(batch_size):
            rows = torch.randint(len(x), (len(batch),))
            noise = torch.randn(1, len(rows), n_latent, dtype=x.dtype)
            loss = -vae_elbo(encoder, decoder, x[rows], noise).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return tuple({name: tensor.detach() for name, tensor in network.items()} for network in (encoder, decoder))
