"""The noise of a batch is drawn once in an epoch, and used for all its batches.

Draw it within the loop over batches.
"""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.Adam([*encoder.values(), *decoder.values()], lr=learning_rate)
    n_latent = decoder["hidden_weight"].shape[1]
    for _ in range(n_epochs):
        kept = torch.randn(1, batch_size, n_latent, dtype=x.dtype)
        for rows in torch.randperm(len(x)).split(batch_size):
            noise = kept[:, : len(rows)]
            loss = -vae_elbo(encoder, decoder, x[rows], noise).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return tuple({name: tensor.detach() for name, tensor in network.items()} for network in (encoder, decoder))
