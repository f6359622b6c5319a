"""Step t has the weight of step t + 1.

Steps are counted from 0, and so is beta.
"""


def train(parameters, batches, noise, beta, free_nats, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for t in range(len(batches)):
        log_likelihood, kls = two_layer_pass(parameters, batches[t], (noise[0][t], noise[1][t]))
        paid = kls.mean(dim=1).clamp(min=free_nats)
        objective = log_likelihood.mean() - beta[min(t + 1, len(beta) - 1)] * paid.sum()
        optimizer.zero_grad()
        (-objective).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
