"""ln of the ratio of the scales has its sign turned.

A q that is narrower than the prior pays for it: ln(prior's scale / q's scale).
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    return (log_scale - prior_log_scale + 0.5 * (variance + distance) / prior_variance - 0.5).sum(dim=1)
