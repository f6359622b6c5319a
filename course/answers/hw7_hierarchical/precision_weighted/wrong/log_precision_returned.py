"""The logarithm of the precision comes back.

Back to the scale: times -1/2.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return mean, torch.logaddexp(-2 * prior_log_scale, -2 * evidence_log_scale)
