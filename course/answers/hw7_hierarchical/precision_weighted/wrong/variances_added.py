"""Variances are added and the mean is weighted by variances.

Precision is 1 / variance: precisions add, and who is surer counts more.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    one, other = (2 * prior_log_scale).exp(), (2 * evidence_log_scale).exp()
    return (one * prior_mean + other * evidence_mean) / (one + other), 0.5 * (one + other).log()
