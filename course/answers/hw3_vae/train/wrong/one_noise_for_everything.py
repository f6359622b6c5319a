"""The same noise is used for all images at all steps.

Then z is a fixed function of x, and the decoder learns that one value of the noise. Draw new noise at each
step, for each image.
"""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.Adam([*encoder.values(), *decoder.values()], lr=learning_rate)
    one = torch.randn(1, 1, decoder["hidden_weight"].shape[1], dtype=x.dtype)
    n_latent = decoder["hidden_weight"].shape[1]
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            noise = one.expand(1, len(rows), n_latent)
            loss = -vae_elbo(encoder, decoder, x[rows], noise).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return tuple({name: tensor.detach() for name, tensor in network.items()} for network in (encoder, decoder))
