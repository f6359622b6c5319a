"""The responsibilities are normalised over the examples.

Each example must be shared out among the components, so that rows, not columns, sum to 1.
"""


def e_step(x, weights, means, covariances):
    return torch.softmax(weights.log() + log_gaussians(x, means, covariances), dim=0)
