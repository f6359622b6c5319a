"""Sorted names, torch.autograd.grad, and the excess by relu."""


def train(parameters, batches, noise, beta, free_nats, learning_rate):
    names = sorted(parameters)
    values = [parameters[name].clone().requires_grad_() for name in names]
    adam = torch.optim.Adam(values, lr=learning_rate, foreach=False)
    for t in range(len(beta)):
        log_likelihood, kls = two_layer_pass(dict(zip(names, values)), batches[t], (noise[0][t], noise[1][t]))
        paid = free_nats + torch.relu(kls.mean(1) - free_nats)
        for value, gradient in zip(values, torch.autograd.grad(beta[t] * paid.sum() - log_likelihood.mean(), values)):
            value.grad = gradient
        adam.step()
    return {name: value.detach().clone() for name, value in zip(names, values)}
