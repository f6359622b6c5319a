"""Adam written out."""


def fit_critic(parameters, x, y, learning_rate):
    values = {name: tensor.detach().clone() for name, tensor in parameters.items()}
    first = {name: torch.zeros_like(tensor) for name, tensor in values.items()}
    second = {name: torch.zeros_like(tensor) for name, tensor in values.items()}
    for t in range(1, len(x) + 1):
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in values.items()}
        scores = critic_scores(leaves, x[t - 1], y[t - 1])
        loss = (torch.logsumexp(scores, dim=1) - scores.diagonal()).mean()
        slopes = torch.autograd.grad(loss, list(leaves.values()))
        for name, slope in zip(leaves, slopes):
            first[name] = 0.9 * first[name] + 0.1 * slope
            second[name] = 0.999 * second[name] + 0.001 * slope**2
            size = (second[name] / (1 - 0.999**t)).sqrt() + 1e-8
            values[name] = values[name] - learning_rate * first[name] / (1 - 0.9**t) / size
    return values
