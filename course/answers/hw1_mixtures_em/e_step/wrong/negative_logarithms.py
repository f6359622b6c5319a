"""The sign is turned: the least probable component gets most.

Is a large log-density good or bad?
"""


def e_step(x, weights, means, covariances):
    return torch.softmax(-(weights.log() + log_gaussians(x, means, covariances)), dim=1)
