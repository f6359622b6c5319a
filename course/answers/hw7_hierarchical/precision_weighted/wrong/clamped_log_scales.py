"""The log scales are clamped to a range in which nothing overflows.

A log_scale of -90 is then taken for another: no clamping, but logarithms.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    prior_log_scale, evidence_log_scale = prior_log_scale.clamp(-20, 20), evidence_log_scale.clamp(-20, 20)
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return mean, -0.5 * torch.logaddexp(-2 * prior_log_scale, -2 * evidence_log_scale)
