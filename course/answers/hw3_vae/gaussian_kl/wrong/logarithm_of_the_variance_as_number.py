"""The logarithm is taken of a variance that may be 0 as a number.

At sigma = exp(-400) the variance exp(-800) is stored as 0 (in torch.distributions.kl_divergence too). You have
the logarithm already: log_scale.
"""


def gaussian_kl(mean, log_scale):
    return 0.5 * ((2 * log_scale).exp() + mean.square() - 1 - (2 * log_scale).exp().log()).sum(dim=-1)
