"""The prior is taken to be N(0, 1).

Use the prior's mean and scale that you are given.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    return (0.5 * ((2 * log_scale).exp() + mean.square()) - 0.5 - log_scale).sum(dim=1)
