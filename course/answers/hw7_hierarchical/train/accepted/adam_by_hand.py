"""Adam written out."""


def train(parameters, batches, noise, beta, free_nats, learning_rate):
    values = {name: tensor.clone() for name, tensor in parameters.items()}
    first = {name: torch.zeros_like(tensor) for name, tensor in values.items()}
    second = {name: torch.zeros_like(tensor) for name, tensor in values.items()}
    for t in range(1, len(batches) + 1):
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in values.items()}
        likelihood, kls = two_layer_pass(leaves, batches[t - 1], tuple(e[t - 1] for e in noise))
        cost = sum(torch.clamp(row.mean(), min=free_nats) for row in kls)
        gradients = torch.autograd.grad(likelihood.mean() - beta[t - 1] * cost, list(leaves.values()), allow_unused=True)
        for name, gradient in zip(leaves, gradients):
            gradient = torch.zeros_like(values[name]) if gradient is None else gradient
            first[name] = 0.9 * first[name] + 0.1 * gradient
            second[name] = 0.999 * second[name] + 0.001 * gradient**2
            change = first[name] / (1 - 0.9**t) / ((second[name] / (1 - 0.999**t)).sqrt() + 1e-8)
            values[name] = values[name] + learning_rate * change
    return values
