"""The whole table is normalised to 1.

Each row is a distribution of its own.
"""


def e_step(x, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return torch.softmax(log_joint.flatten(), dim=0).reshape(log_joint.shape)
