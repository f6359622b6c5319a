"""All batches are put together, for one step.

There are as many steps as batches: step t uses x[t] and y[t].
"""


def fit_critic(parameters, x, y, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    scores = critic_scores(parameters, x.flatten(0, 1), y.flatten(0, 1))
    bound = scores.diagonal() - torch.logsumexp(scores, dim=1)
    (-bound.mean()).backward()
    optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
