"""With Adam's maximize, bound summed over noises and images."""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    leaves = {name: torch.nn.Parameter(tensor.detach().clone(), name in trained) for name, tensor in parameters.items()}
    adam = torch.optim.Adam([leaves[name] for name in trained], lr=learning_rate, maximize=True)
    for t in range(len(batches)):
        adam.zero_grad(set_to_none=True)
        log_w = noisy_log_w(leaves, batches[t], noise[t], n_levels)
        (log_w.sum() / log_w.numel()).backward()
        adam.step()
    return {name: leaf.data for name, leaf in leaves.items()}
