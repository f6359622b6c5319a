"""Fresh noise is drawn.

The noise is an argument, so that the run can be made twice.
"""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    parameters = {name: tensor.clone() for name, tensor in parameters.items()}
    leaves = [parameters[name].requires_grad_() for name in trained]
    optimizer = torch.optim.Adam(leaves, lr=learning_rate)
    for x, step_noise in zip(batches, noise):
        bound = noisy_log_w(parameters, x, torch.rand_like(step_noise), n_levels).mean()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
