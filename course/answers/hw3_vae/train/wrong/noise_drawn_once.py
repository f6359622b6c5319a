"""The noise of each image is drawn once, and used in all epochs.

Then z is a fixed function of x. Draw new noise at each step.
"""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.Adam([*encoder.values(), *decoder.values()], lr=learning_rate)
    n_latent = decoder["hidden_weight"].shape[1]
    kept = torch.randn(1, len(x), n_latent, dtype=x.dtype)
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            noise = kept[:, rows]
            loss = -vae_elbo(encoder, decoder, x[rows], noise).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return tuple({name: tensor.detach() for name, tensor in network.items()} for network in (encoder, decoder))
