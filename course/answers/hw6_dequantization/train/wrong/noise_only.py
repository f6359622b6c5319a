"""Only the noise is trained, whatever trained says.

Those named in trained.
"""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    parameters = {name: tensor.clone() for name, tensor in parameters.items()}
    leaves = [parameters[name].requires_grad_() for name in NOISE]
    optimizer = torch.optim.Adam(leaves, lr=learning_rate)
    for x, step_noise in zip(batches, noise):
        bound = noisy_log_w(parameters, x, step_noise, n_levels).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
