"""The cross-entropy is returned: the entropy of q is missing.

KL = cross-entropy less entropy: -E_q[ln p] + E_q[ln q].
"""


def gaussian_kl(mean, log_scale, prior_mean, prior_log_scale):
    variance, prior_variance = (2 * log_scale).exp(), (2 * prior_log_scale).exp()
    distance = (mean - prior_mean).square()
    return (prior_log_scale + 0.5 * math.log(2 * math.pi) + 0.5 * (variance + distance) / prior_variance).sum(dim=1)
