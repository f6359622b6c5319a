"""Adam written out."""


def train(parameters, batches, noise, learning_rate):
    now = {name: tensor.clone() for name, tensor in parameters.items()}
    first = {name: torch.zeros_like(tensor) for name, tensor in now.items()}
    second = {name: torch.zeros_like(tensor) for name, tensor in now.items()}
    for t, (x, e) in enumerate(zip(batches, noise), start=1):
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in now.items()}
        bound = torch.logsumexp(vae_log_w(leaves, x, e), dim=0).mean() - math.log(len(e))
        for (name, leaf), g in zip(leaves.items(), torch.autograd.grad(bound, list(leaves.values()))):
            first[name] = 0.9 * first[name] + 0.1 * g
            second[name] = 0.999 * second[name] + 0.001 * g * g
            step = first[name] / (1 - 0.9**t) / ((second[name] / (1 - 0.999**t)).sqrt() + 1e-8)
            now[name] = leaf.detach() + learning_rate * step
    return now
