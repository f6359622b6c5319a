"""With Adam's maximize, and without ln K, which has no gradient."""


def train(parameters, batches, noise, learning_rate):
    leaves = {name: torch.nn.Parameter(tensor.detach().clone()) for name, tensor in parameters.items()}
    adam = torch.optim.Adam(list(leaves.values()), lr=learning_rate, maximize=True)
    for t in range(len(batches)):
        adam.zero_grad(set_to_none=True)
        vae_log_w(leaves, batches[t], noise[t]).logsumexp(0).mean().backward()
        adam.step()
    return {name: leaf.data for name, leaf in leaves.items()}
