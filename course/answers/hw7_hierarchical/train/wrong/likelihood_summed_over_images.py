"""The likelihood is summed over images, while the KLs are averaged.

Both are means over the batch; else the KLs count for too little.
"""


def train(parameters, batches, noise, beta, free_nats, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for t in range(len(batches)):
        log_likelihood, kls = two_layer_pass(parameters, batches[t], (noise[0][t], noise[1][t]))
        paid = kls.mean(dim=1).clamp(min=free_nats)
        objective = log_likelihood.sum() - beta[t] * paid.sum()
        optimizer.zero_grad()
        (-objective).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
