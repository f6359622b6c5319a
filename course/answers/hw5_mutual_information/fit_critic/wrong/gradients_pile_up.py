"""Gradients are never set to zero.

zero_grad before each backward.
"""


def fit_critic(parameters, x, y, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for of_x, of_y in zip(x, y):
        scores = critic_scores(parameters, of_x, of_y)
        bound = scores.diagonal() - torch.logsumexp(scores, dim=1)
        (-bound.mean()).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
