"""The gradient by the normalized weights, which are not differentiated."""


def train(parameters, batches, noise, learning_rate):
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    adam = torch.optim.Adam(leaves.values(), lr=learning_rate)
    for x, e in zip(batches, noise):
        log_w = vae_log_w(leaves, x, e)
        weights = torch.softmax(log_w.detach(), dim=0)
        adam.zero_grad()
        (-(weights * log_w).sum(dim=0).mean()).backward()
        adam.step()
    return {name: leaf.detach() for name, leaf in leaves.items()}
