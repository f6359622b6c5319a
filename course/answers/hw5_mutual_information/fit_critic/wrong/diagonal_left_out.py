"""The true pair is left out of the sum.

Here it is one of the candidates.
"""


def fit_critic(parameters, x, y, learning_rate):
    parameters = {name: tensor.clone().requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=learning_rate)
    for of_x, of_y in zip(x, y):
        scores = critic_scores(parameters, of_x, of_y)
        bound = scores.diagonal() - torch.logsumexp(scores.masked_fill(torch.eye(len(scores), dtype=torch.bool), -math.inf), dim=1)
        optimizer.zero_grad()
        (-bound.mean()).backward()
        optimizer.step()
    return {name: tensor.detach() for name, tensor in parameters.items()}
