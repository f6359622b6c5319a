"""Precisions are computed, and become infinite or 0.

exp(200) is infinite in float32, and inf / inf is NaN: take the weights from differences of logarithms.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    one, other = (-2 * prior_log_scale).exp(), (-2 * evidence_log_scale).exp()
    return (one * prior_mean + other * evidence_mean) / (one + other), -0.5 * (one + other).log()
