"""The free nats are taken for bits.

All values are in nats here, the name notwithstanding.
"""


def train(parameters, batches, noise, beta, free_nats, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for t in range(len(batches)):
        log_likelihood, kls = two_layer_pass(parameters, batches[t], (noise[0][t], noise[1][t]))
        paid = kls.mean(dim=1).clamp(min=free_nats * math.log(2))
        objective = log_likelihood.mean() - beta[t] * paid.sum()
        optimizer.zero_grad()
        (-objective).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
