"""The weights count twice.

Once in the logarithm, and once more after the softmax: each density is to be multiplied by its weight once.
"""


def e_step(x, weights, means, covariances):
    joint = weights * torch.softmax(weights.log() + log_gaussians(x, means, covariances), dim=1)
    return joint / joint.sum(dim=1, keepdim=True)
