"""The evidence comes back, the prior is not merged.

Then q does not look at the layers above: merge both.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return evidence_mean.clone(), evidence_log_scale.clone()
