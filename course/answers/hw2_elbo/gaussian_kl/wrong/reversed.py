"""The KL is taken the other way round: KL(p || q).

The average is over q, the first argument: q's variance stands above, the prior's below.
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    return (log_scale - prior_log_scale + 0.5 * (prior_variance + distance) / variance - 0.5).sum(dim=1)
