"""Gradients are clipped at a norm of 5.

The run that is asked for does not clip, however large they are.
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
        torch.nn.utils.clip_grad_norm_(list(parameters.values()), 5.0)
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
