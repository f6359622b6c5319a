"""The bounds of the images summed: Adam's steps do not depend on the size of the gradient."""


def train(parameters, batches, noise, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for x, step_noise in zip(batches, noise):
        bound = torch.logsumexp(vae_log_w(parameters, x, step_noise), dim=0).sum()
        optimizer.zero_grad()
        (-bound).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
