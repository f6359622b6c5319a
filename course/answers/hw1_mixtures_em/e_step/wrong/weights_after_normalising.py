"""The weights are multiplied in after normalising.

Then the rows no longer sum to 1. First p(x, z), then divide.
"""


def e_step(x, weights, means, covariances):
    return weights * torch.softmax(log_gaussians(x, means, covariances), dim=1)
