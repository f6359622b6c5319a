"""The weights themselves are averaged.

exp of a log weight of -800 is 0: take the largest out first, as torch.logsumexp does.
"""


def train(parameters, batches, noise, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for x, step_noise in zip(batches, noise):
        bound = vae_log_w(parameters, x, step_noise).exp().mean(dim=0).log().mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
