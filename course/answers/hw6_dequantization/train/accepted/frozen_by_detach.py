"""All parameters require gradients, and the optimizer gets those named."""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    adam = torch.optim.Adam([leaves[name] for name in sorted(trained)], lr=learning_rate)
    for x, e in zip(batches, noise):
        for leaf in leaves.values():
            leaf.grad = None
        loss = -noisy_log_w(leaves, x, e, n_levels).mean(dim=0).mean()
        loss.backward()
        adam.step()
    return {name: leaf.detach().clone() for name, leaf in leaves.items()}
