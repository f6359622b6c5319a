"""With Adam's maximize, and the images' own shares."""


def train(parameters, batches, noise, beta, free_nats, learning_rate):
    leaves = {name: torch.nn.Parameter(tensor.detach().clone()) for name, tensor in parameters.items()}
    adam = torch.optim.Adam(list(leaves.values()), lr=learning_rate, maximize=True)
    for x, e_1, e_2, weight in zip(batches, *noise, beta):
        adam.zero_grad(set_to_none=True)
        likelihood, kls = two_layer_pass(leaves, x, (e_1, e_2))
        free = (kls.mean(dim=1, keepdim=True) <= free_nats).expand_as(kls)
        paid = torch.where(free, torch.full_like(kls, free_nats), kls).sum(dim=0)
        (likelihood - weight * paid).mean().backward()
        adam.step()
    return {name: leaf.data for name, leaf in leaves.items()}
