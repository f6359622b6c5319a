"""The mean log-density with noise is climbed, without - ln q.

With noise that is learned its entropy counts: ln w has - ln q in it.
"""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    parameters = {name: tensor.clone() for name, tensor in parameters.items()}
    leaves = [parameters[name].requires_grad_() for name in trained]
    optimizer = torch.optim.Adam(leaves, lr=learning_rate)
    for x, step_noise in zip(batches, noise):
        features = torch.stack([torch.ones_like(x), x / n_levels, (x == 0).to(x.dtype)])
        log_alpha, log_beta = ((parameters[name][:, None] * features).sum(dim=0) for name in NOISE)
        u = (1 - (1 - step_noise) ** (1 / log_beta.exp())) ** (1 / log_alpha.exp())
        bound = log_density((x + u) / n_levels, parameters).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
