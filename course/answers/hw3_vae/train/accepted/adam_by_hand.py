"""Adam written out (Kingma and Ba, 2015)."""


def train(x, encoder, decoder, n_epochs, batch_size, learning_rate):
    names = [("encoder", name) for name in encoder] + [("decoder", name) for name in decoder]
    values = [t.clone() for t in [*encoder.values(), *decoder.values()]]
    first, second = [torch.zeros_like(t) for t in values], [torch.zeros_like(t) for t in values]
    step = 0
    for _ in range(n_epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            step += 1
            values = [t.detach().requires_grad_() for t in values]
            networks = {"encoder": {}, "decoder": {}}
            for (which, name), t in zip(names, values):
                networks[which][name] = t
            noise = torch.randn(1, len(rows), networks["decoder"]["hidden_weight"].shape[1], dtype=x.dtype)
            bound = vae_elbo(networks["encoder"], networks["decoder"], x[rows], noise).mean()
            for i, gradient in enumerate(torch.autograd.grad(bound, values)):
                first[i] = 0.9 * first[i] + 0.1 * gradient
                second[i] = 0.999 * second[i] + 0.001 * gradient**2
                size = (second[i] / (1 - 0.999**step)).sqrt() + 1e-8
                values[i] = values[i].detach() + learning_rate * first[i] / (1 - 0.9**step) / size
    networks = {"encoder": {}, "decoder": {}}
    for (which, name), t in zip(names, values):
        networks[which][name] = t.detach()
    return networks["encoder"], networks["decoder"]
