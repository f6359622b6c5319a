"""The weighted mean is not divided by the sum of the precisions.

The weights must sum to 1.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    one, other = (-2 * prior_log_scale).exp(), (-2 * evidence_log_scale).exp()
    return one * prior_mean + other * evidence_mean, -0.5 * (one + other).log()
