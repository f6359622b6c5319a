"""Adam written out."""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    now = {name: tensor.clone() for name, tensor in parameters.items()}
    first = {name: torch.zeros_like(now[name]) for name in trained}
    second = {name: torch.zeros_like(now[name]) for name in trained}
    for t, (x, e) in enumerate(zip(batches, noise), start=1):
        leaves = {name: now[name].detach().requires_grad_() for name in trained}
        bound = noisy_log_w({**now, **leaves}, x, e, n_levels).mean()
        for name, g in zip(trained, torch.autograd.grad(bound, list(leaves.values()))):
            first[name] = 0.9 * first[name] + 0.1 * g
            second[name] = 0.999 * second[name] + 0.001 * g * g
            step = first[name] / (1 - 0.9**t) / ((second[name] / (1 - 0.999**t)).sqrt() + 1e-8)
            now[name] = leaves[name].detach() + learning_rate * step
    return now
