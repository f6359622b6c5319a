"""Only the first sample is used.

That is the ELBO. All K samples of the step.
"""


def train(parameters, batches, noise, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for x, step_noise in zip(batches, noise):
        log_w = vae_log_w(parameters, x, step_noise[:1])
        bound = torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
        optimizer.zero_grad()
        (-bound.mean()).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
