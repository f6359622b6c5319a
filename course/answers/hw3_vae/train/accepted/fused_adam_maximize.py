"""Adam's own maximize, and the sum over the batch."""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    networks = [
        {name: torch.nn.Parameter(t.clone()) for name, t in network.items()} for network in (encoder, decoder)
    ]
    parameters = [t for network in networks for t in network.values()]
    adam = torch.optim.Adam(parameters, lr=learning_rate, maximize=True)
    n_latent = len(networks[0]["output_bias"]) // 2
    for _ in range(n_epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch_size):
            batch = x[order[start : start + batch_size]]
            noise = torch.randn(1, len(batch), n_latent, dtype=x.dtype)
            gradients = torch.autograd.grad(vae_elbo(*networks, batch, noise).mean(), parameters)
            for parameter, gradient in zip(parameters, gradients):
                parameter.grad = gradient
            adam.step()
    return tuple({name: t.data for name, t in network.items()} for network in networks)
