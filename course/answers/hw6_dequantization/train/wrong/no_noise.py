"""The uniform numbers are all set to 1/2: nothing is drawn.

Without noise the density narrows on single points again: the bound needs it.
"""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    parameters = {name: tensor.clone() for name, tensor in parameters.items()}
    leaves = [parameters[name].requires_grad_() for name in trained]
    optimizer = torch.optim.Adam(leaves, lr=learning_rate)
    for x, step_noise in zip(batches, noise):
        bound = noisy_log_w(parameters, x, 0 * step_noise + 0.5, n_levels).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
