"""The sum over images, of which Adam makes the same steps (but for its epsilon)."""


def train(parameters, batches, noise, beta, free_nats, learning_rate):
    leaves = {name: tensor.clone().requires_grad_(True) for name, tensor in parameters.items()}
    adam = torch.optim.Adam(list(leaves.values()), lr=learning_rate)
    for t, x in enumerate(batches):
        likelihood, kls = two_layer_pass(leaves, x, [e[t] for e in noise])
        paid = torch.maximum(kls.sum(dim=1), torch.tensor(free_nats * len(x), dtype=kls.dtype)).sum()
        loss = float(beta[t]) * paid - likelihood.sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    return {name: leaf.detach().clone() for name, leaf in leaves.items()}
