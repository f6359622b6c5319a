"""AdamW takes the place of Adam.

It shrinks all weights a little at each step, by default too.
"""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.AdamW([*encoder.values(), *decoder.values()], lr=learning_rate)
    n_latent = decoder["hidden_weight"].shape[1]
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            noise = torch.randn(1, len(rows), n_latent, dtype=x.dtype)
            loss = -vae_elbo(encoder, decoder, x[rows], noise).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return tuple({name: tensor.detach() for name, tensor in network.items()} for network in (encoder, decoder))
