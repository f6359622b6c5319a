"""The learning rate falls after the first ten steps.

It is one number, for all steps.
"""


def train(parameters, batches, noise, beta, free_nats, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for t in range(len(batches)):
        log_likelihood, kls = two_layer_pass(parameters, batches[t], (noise[0][t], noise[1][t]))
        paid = kls.mean(dim=1).clamp(min=free_nats)
        objective = log_likelihood.mean() - beta[t] * paid.sum()
        optimizer.zero_grad()
        (-objective).backward()
        optimizer.param_groups[0]["lr"] = learning_rate * (1.0 if t < 10 else 0.7)
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
