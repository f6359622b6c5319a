"""The parameters come back with requires_grad.

Return detached tensors: the training is over.
"""


def fit_critic(parameters, x, y, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for of_x, of_y in zip(x, y):
        scores = critic_scores(parameters, of_x, of_y)
        loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(scores)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return parameters
