"""The loss is summed noise by noise and image by image; what comes back still requires gradients."""


def train(parameters, trained, batches, noise, n_levels, learning_rate):
    leaves = {name: tensor.clone() for name, tensor in parameters.items()}
    for name in trained:
        leaves[name].requires_grad_(True)
    adam = torch.optim.Adam([leaves[name] for name in trained], lr=learning_rate)
    for x, e in zip(batches, noise):
        loss = 0
        for one in e:
            loss = loss - noisy_log_w(leaves, x, one[None], n_levels)[0].mean() / len(e)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return leaves
