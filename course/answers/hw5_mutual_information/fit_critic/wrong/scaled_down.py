"""The bound is scaled down to 1e-9 of its size.

Adam divides by the size of the gradient plus 1e-8: what is as small as that no longer cancels. Climb the mean itself.
"""


def fit_critic(parameters, x, y, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for of_x, of_y in zip(x, y):
        scores = critic_scores(parameters, of_x, of_y)
        bound = scores.diagonal() - torch.logsumexp(scores, dim=1)
        optimizer.zero_grad()
        (-bound.sum() * 1e-9).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
