"""Small responsibilities are raised to 1e-6.

A probability of 1e-20 is a number like any other. Logarithms need no such help.
"""


def e_step(x, weights, means, covariances):
    responsibilities = torch.softmax(weights.log() + log_gaussians(x, means, covariances), dim=1).clamp_min(1e-6)
    return responsibilities / responsibilities.sum(dim=1, keepdim=True)
