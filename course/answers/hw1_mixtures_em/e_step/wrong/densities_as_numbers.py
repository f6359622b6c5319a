"""The densities are computed as numbers: far away 0 is divided by 0.

Both are 0 in float64, but their ratio is well defined: subtract logarithms, or use torch.softmax.
"""


def e_step(x, weights, means, covariances):
    joint = weights * log_gaussians(x, means, covariances).exp()
    return joint / joint.sum(dim=1, keepdim=True)
