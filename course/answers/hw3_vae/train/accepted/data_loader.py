"""torch's DataLoader, sticking to the order of its own shuffling."""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    encoder = {name: tensor.clone().requires_grad_() for name, tensor in encoder.items()}
    decoder = {name: tensor.clone().requires_grad_() for name, tensor in decoder.items()}
    optimizer = torch.optim.Adam(
        [{"params": list(encoder.values())}, {"params": list(decoder.values())}], lr=learning_rate
    )
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=batch_size, shuffle=True)
    for _ in range(n_epochs):
        for (batch,) in loader:
            optimizer.zero_grad()
            noise = torch.randn(1, len(batch), decoder["hidden_weight"].shape[1], dtype=x.dtype)
            loss = -vae_elbo(encoder, decoder, batch, noise).sum() / len(batch)
            loss.backward()
            optimizer.step()
    return ({n: t.detach() for n, t in encoder.items()}, {n: t.detach() for n, t in decoder.items()})
