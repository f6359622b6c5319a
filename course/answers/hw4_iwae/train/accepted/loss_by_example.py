"""The loss summed example by example, then divided; the returned tensors require gradients."""


def train(parameters, batches, noise, learning_rate):
    leaves = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    adam = torch.optim.Adam(leaves.values(), lr=learning_rate)
    for x, e in zip(batches, noise):
        log_w = vae_log_w(leaves, x, e)
        loss = 0
        for column in log_w.unbind(dim=1):
            loss = loss - torch.logsumexp(column, dim=0)
        adam.zero_grad()
        (loss / len(x)).backward()
        adam.step()
    return leaves
