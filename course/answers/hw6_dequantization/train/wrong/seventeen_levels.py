"""The number of levels is 17, whatever is given.

n_levels is an argument.
"""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    parameters = {name: tensor.clone() for name, tensor in parameters.items()}
    leaves = [parameters[name].requires_grad_() for name in trained]
    optimizer = torch.optim.Adam(leaves, lr=learning_rate)
    for x, step_noise in zip(batches, noise):
        bound = noisy_log_w(parameters, x, step_noise, 17).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
