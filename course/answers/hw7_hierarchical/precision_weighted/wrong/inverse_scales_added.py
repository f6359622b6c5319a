"""The inverse standard deviations are added.

It is the inverse variances that add up.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return mean, -torch.logaddexp(-prior_log_scale, -evidence_log_scale)
